"""Real workers that tell what happened: killed at the worst moment, they tell it again under the same id."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models import outbox
from models.deliveries.handing import use_channels
from models.deliveries.tables import Channel, Delivery
from models.directory import upsert_patients
from models.inputs import PatientIn
from tests.deliveries.receivers import Mailbox, Receiver, free_port, mail_server, receiver
from tests.workers.waiting import blocked
from tests.workers.waiting import until as until_soon

until = partial(until_soon, seconds=90)
"""Processes take their time to start where many tests run at once."""


@dataclass(frozen=True)
class Heard:
    """Those who are told, and the settings of a worker that tells them. Its leases run out soon."""

    hook: Receiver
    mailbox: Mailbox
    by_webhook: dict[str, str]
    by_email: dict[str, str]


@pytest.fixture
def heard() -> Iterator[Heard]:
    port, mailbox = free_port(), Mailbox()
    with receiver() as hook, mail_server(mailbox, port):
        by_webhook = {"WEBHOOK_URL": hook.url, "WEBHOOK_SECRET": "whsec_" + "QUJD" * 11}
        by_email = {"SMTP_URL": f"smtp://127.0.0.1:{port}", "MAIL_FROM": "appointments@hospital.example"}
        yield Heard(hook, mailbox, {"DELIVERY_LEASE": "2", **by_webhook}, {"DELIVERY_LEASE": "2", **by_email})


@pytest.fixture
def booked(network, engine):
    """Books an appointment of a patient with an address, as other changes do: with its message."""
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 0, 24)
    with Session(engine) as session, session.begin():
        use_channels(session, list(Channel))
        patient = upsert_patients(session, {"p": PatientIn(name="Ana", email="ana@example.org")})["p"]

    def book(hour: int) -> None:
        appointment = network.appointment(doctor, hospital, hour, patient)
        payload = {
            "appointment": str(appointment),
            "version": 1,
            "doctor": str(doctor),
            "hospital": str(hospital),
            "start": network.at(hour).isoformat(),
        }
        with Session(engine) as session, session.begin():
            outbox.tell(session, "appointment.booked", [payload])

    return book


def statuses(network) -> list[str]:
    return sorted(delivery.status.value for delivery in network.all(Delivery))


def hold_marks(engine):
    """Lets nobody mark a delivery until the returned function is called."""
    connection = engine.connect()
    connection.execute(text("LOCK TABLE delivery IN SHARE MODE"))
    return connection.close


@pytest.mark.parametrize("channel", list(Channel))
def test_a_worker_killed_between_telling_and_marking_tells_it_again_under_the_same_id(
    channel, network, engine, crew, booked, heard
):
    told = heard.by_webhook if channel is Channel.WEBHOOK else heard.by_email
    releases = []

    def hold_once() -> None:
        if not releases:
            releases.append(hold_marks(engine))

    heard.hook.before_answering = heard.mailbox.before_answering = hold_once
    booked(9)
    killed = crew.worker(**told)
    crew.beat()
    until(lambda: releases and blocked(engine), what="a delivery to be told and not marked")
    crew.kill(killed)
    releases[0]()
    assert statuses(network) == ["pending"]
    crew.worker(**told)
    until(lambda: statuses(network) == ["delivered"], what="it to be told again")
    if channel is Channel.WEBHOOK:
        first, second = heard.hook.received
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
    else:
        first, second = heard.mailbox.mails
        assert first.message["Message-ID"] == second.message["Message-ID"]
        assert first.calendars == second.calendars
    (delivery,) = network.all(Delivery)
    assert delivery.attempts == 2


def test_two_workers_tell_everything_once(network, crew, booked, heard):
    for hour in range(20):
        booked(hour)
    told = heard.by_webhook | heard.by_email | {"DELIVERY_LEASE": "60"}
    crew.worker(concurrency=2, **told)
    crew.worker(**told)
    crew.beat()
    until(lambda: statuses(network) == ["delivered"] * 40, what="everything to be told")
    assert len(heard.hook.ids) == len(set(heard.hook.ids)) == 20
    assert len({mail.message["Message-ID"] for mail in heard.mailbox.mails}) == len(heard.mailbox.mails) == 20


def test_a_worker_that_dies_in_every_attempt_leaves_a_dead_letter_and_no_loop(network, crew, booked, heard):
    told = heard.by_webhook | {"DELIVERY_ATTEMPTS": "1"}
    workers = []
    heard.hook.before_answering = lambda: crew.kill(workers[0])
    booked(9)
    workers.append(crew.worker(**told))
    crew.beat()
    until(lambda: workers[0].poll() is not None, what="the worker to die")
    crew.worker(**told)
    until(lambda: statuses(network) == ["dead"], what="it to be given up")
    (delivery,) = network.all(Delivery)
    assert delivery.last_error == "No attempt is left, and the last one was cut off."
    assert len(heard.hook.received) == 1


def test_a_worker_for_planning_alone_is_not_held_up_by_telling(network, crew, booked, heard, queue):
    over = threading.Event()
    heard.hook.before_answering = lambda: over.wait(60)
    try:
        booked(9)
        crew.worker(queues="deliveries", **heard.by_webhook)
        crew.beat()
        until(lambda: heard.hook.received, what="the receiver to hang")
        queue(doctors=1, each=3)
        crew.worker(queues="celery")
        crew.decide()
    finally:
        over.set()


def test_no_log_line_of_a_worker_says_who_is_told(network, crew, booked, heard):
    heard.mailbox.refusals.append("550 5.1.1 <ana@example.org>: no such user")
    for hour in (9, 10):
        booked(hour)
    worker = crew.worker(**heard.by_email)
    crew.beat()
    until(lambda: statuses(network) == ["dead", "delivered"], what="both to be tried")
    log = crew.log(worker)
    assert "refused the recipient (550 5.1.1)" in log
    assert "ana@" not in log
    assert "example.org" not in log
