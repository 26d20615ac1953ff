"""A clinic in a database of the test's own, those who are told of it, and the settings of a worker that tells."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest

import models.session
from models.settings import Settings, settings
from tests.deliveries.clinic import Clinic, now
from tests.deliveries.receivers import Mailbox, Receiver, free_port, mail_server, receiver
from workers.deliveries import deliver_due

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwdAAAAAA="

Deliver = Callable[..., bool]


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


@pytest.fixture
def mail_port() -> int:
    return free_port()


@pytest.fixture
def mailbox(mail_port: int) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    with mail_server(mailbox, mail_port):
        yield mailbox


@pytest.fixture
def told(hook: Receiver, mail_port: int) -> dict[str, str]:
    """The settings by which both are told."""
    return {
        "WEBHOOK_URL": hook.url,
        "WEBHOOK_SECRET": SECRET,
        "SMTP_URL": f"smtp://127.0.0.1:{mail_port}",
        "MAIL_FROM": "appointments@hospital.example",
    }


@pytest.fixture
def set_up(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Settings]]:
    """Sets what this process goes by, on the test's database. Nobody hears its bell."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "redis://localhost:1")
    monkeypatch.setenv("OPENING_HORIZON_DAYS", "40")
    settings.cache_clear()
    models.session.engine.cache_clear()

    def choose(**values: str | None) -> Settings:
        for name, value in values.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        settings.cache_clear()
        return settings()

    yield choose
    models.session.engine().dispose()
    settings.cache_clear()
    models.session.engine.cache_clear()


@pytest.fixture
def clinic(set_up) -> Clinic:
    return Clinic.build()


@pytest.fixture
def deliver(set_up, told) -> Deliver:
    """Does one round at a time, which is now or so many seconds later; with other settings where they are named."""

    def round_at(later: float = 0, **values: str | None) -> bool:
        chosen = set_up(**told | values)
        offset = dt.timedelta(seconds=later)
        return deliver_due(chosen, clock=lambda: now() + offset)

    return round_at
