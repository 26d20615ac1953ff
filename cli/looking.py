"""One look at an instance, whatever of it is away: its services, its figures, and what wants attention."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from psycopg.errors import InsufficientPrivilege
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from cli.acting import as_operator
from cli.doctor.workers import ask
from cli.health import Service, services
from cli.instances import known_api_address
from models.migrate import Schema, find_schema
from models.seeing.alarms import Alarm, Away, alarms
from models.seeing.asking import as_told, silence
from models.seeing.broker import Trouble
from models.seeing.figures import Figures, read_figures
from models.session import engine, transaction
from models.settings import Settings, settings

_PATIENCE = 0.7
"""Seconds for workers to say for how long beat has been silent."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """From where on the queue is alarming, and who says so: the `workers`, or the `environment` of whoever looks, where
    no worker does. `queue_age_alarm` is in seconds.
    """

    said_by: str
    max_queued: int
    queue_age_alarm: float

    @classmethod
    def of(cls, said_by: str, chosen: Settings) -> Self:
        """Those of some settings."""
        return cls(said_by, chosen.max_queued, chosen.queue_age_alarm)


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen at an instant. `database`: why it does not answer; None where it does.

    `figures` None: the database does not answer, or its schema will not do.
    """

    of: str
    at: datetime
    database: str | None
    schema: Schema | None
    services: tuple[Service, ...]
    figures: Figures | None
    alarms: tuple[Alarm, ...]
    bounds: Bounds

    @property
    def pending(self) -> int:
        """How many migrations are pending, as far as is known."""
        return self.schema.pending if self.schema else 0

    @property
    def as_json(self) -> dict[str, Any]:  # Any: JSON
        """The same for programs."""
        return {
            "of": self.of,
            "at": self.at,
            "alarms": [asdict(alarm) for alarm in self.alarms],
            "bounds": asdict(self.bounds),
            "services": [asdict(service) for service in self.services],
            "pending_migrations": self.schema and self.schema.pending,
            "schema": self.schema and asdict(self.schema),
            "figures": self.figures and asdict(self.figures),
        }


def look(whose: str, data: Path | None) -> Look:
    """Look once. It takes a few seconds at most, whatever hangs: the database is connected to anew each time."""
    now = datetime.now(UTC)
    schema, figures, reason = None, None, None
    try:
        schema, figures = _read(now)
    except (OperationalError, InterfaceError, ProgrammingError) as error:
        if isinstance(error, ProgrammingError) and not isinstance(error.orig, InsufficientPrivilege):
            raise
        reason = " ".join(str(error.orig).split())
    finally:
        engine().dispose()
    found = tuple(services(known_api_address(data)))
    answers = {service.name: service.answers for service in found}
    replies = ask(_PATIENCE) if answers.get("workers") else []
    told = as_told(settings(), replies)
    away = Away(
        database=reason,
        pending=schema.pending if schema else 0,
        broker=answers.get("queue"),
        trouble=next((service.trouble for service in found if service.trouble), Trouble.AWAY),
        workers=answers.get("workers"),
        silent=silence(replies),
    )
    bounds = Bounds.of("workers", told) if told else Bounds.of("environment", settings())
    raised = alarms(figures, told or settings(), now, away)
    return Look(whose, now, reason, schema, found, figures, tuple(raised), bounds)


def _read(now: datetime) -> tuple[Schema, Figures | None]:
    with as_operator(), transaction() as session:
        schema = find_schema(session.connection(execution_options={"isolation_level": "REPEATABLE READ"}))
        return schema, read_figures(session, now) if schema.will_do else None
