"""Guards of the product, switched off one at a time, to see that the checker notices what they keep from happening.

A sabotage patches the modules of workers or API as they are imported (`tests.chaos.sabotaged_workers`,
`tests.chaos.sabotaged_api`), or takes rules out of the database as its owner. What it patches has to be there, so that
a guard that moves makes its sabotage fail loudly.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from threading import Timer
from types import SimpleNamespace

from sqlalchemy import text

Patch = Callable[[], None]

_LATE = timedelta(seconds=2)

_UNDECIDED_AT = text("""
    SELECT id FROM booking_request WHERE created_at <= :instant AND (decided_at IS NULL OR decided_at > :instant)""")


@dataclass(frozen=True)
class Sabotage:
    """One guard switched off. `statements` are for the owner of the database, before the load begins.

    `breaks` are rules of the checker (and of the run: `every_event_is_told`), of which at least one shows it, and none
    while nothing is broken. `without` are deeds of clients that would show it even then.
    """

    name: str
    does: str
    breaks: tuple[str, ...]
    without: tuple[str, ...] = ()
    workers: Patch = lambda: None
    api: Patch = lambda: None
    statements: tuple[str, ...] = ()
    supervisor: bool = False
    """Whether it is the supervisor's guard: what dies is not started again."""


def _put(place: object, name: str, value: object) -> None:
    """Put something else where a module or class has something of a name."""
    if not hasattr(place, name):
        raise AttributeError(f"{place} has no {name} any more: this sabotage would do nothing")
    setattr(place, name, value)


def _expire_nothing() -> None:
    for module, name in (
        ("workers.claim", "expire_overdue"),
        ("workers.tasks", "expire_overdue"),
        ("workers.tasks", "expire_overdue_jobs"),
        ("workers.tasks", "expire_overdue_reports"),
    ):
        _put(import_module(module), name, lambda _session, **_terms: 0)


def _ring_nothing_again() -> None:
    """Beat's round rings no more. A worker that has planned still rings for what is left."""
    planning = import_module("workers.planning")
    _put(
        import_module("workers.tasks"),
        "planning",
        SimpleNamespace(plan_next=planning.plan_next, ring_if_queued=lambda: None),
    )


def _trust_every_run() -> None:
    """Whoever has planned commits, whatever has become of the run meanwhile."""
    commit = import_module("workers.commit")
    models = import_module("models.booking")
    sql = import_module("sqlalchemy")

    def hold_requests(session, claim):
        session.execute(
            sql.update(models.BookingRequest)
            .where(models.BookingRequest.id.in_(claim.requests))
            .values(status=models.RequestStatus.PLANNING, planning_run_id=claim.run, decided_at=None, failure=None)
        )
        return set(claim.requests)

    _put(commit, "_hold_run", lambda _session, _claim, _now: None)
    _put(commit, "_hold_requests", hold_requests)


def _plan_what_the_message_said() -> None:
    """A worker that hears a message late, or again, plans what was undecided when it was sent."""
    claim, signals = import_module("workers.claim"), import_module("celery.signals")
    lock, heard, said_at = claim._lock, set(), None

    def hear(task, task_id, **_):
        nonlocal said_at
        sent = datetime.fromisoformat(task.request.sent)
        is_old = task_id in heard or datetime.now(UTC) - sent > _LATE
        heard.add(task_id)
        said_at = sent if is_old else None

    def believe(session, requests):
        said = session.scalars(_UNDECIDED_AT, {"instant": said_at}) if said_at else ()
        return sorted({*lock(session, requests), *said})

    _note_when_sent()
    signals.task_prerun.connect(hear, weak=False)
    _put(claim, "_lock", believe)


def _note_when_sent() -> None:
    def note(headers, **_):
        headers["sent"] = datetime.now(UTC).isoformat()

    import_module("celery.signals").before_task_publish.connect(note, weak=False)


def _drop_what_is_done() -> None:
    """A worker that is told to end does so at once, with all its processes; nobody ever plans again what they did."""
    draining = import_module("workers.draining")

    def end(_seconds):
        for process in draining.active_children():
            os.kill(process.pid, signal.SIGKILL)
        os._exit(0)

    _expire_nothing()
    _put(draining, "_end", end)


def _wait_for_the_bell() -> None:
    """Whoever queues something waits until the queue has taken the message, however long that is."""
    bell = import_module("api.bell")
    address = import_module("models.redis_urls").for_celery

    def ring(self):
        app = bell.producer(address(self._broker_url()))
        app.conf.broker_transport_options = {}
        self._ring(app)

    _put(bell.Bell, "ring", ring)


def _tell_apart() -> None:
    """What is told is committed by itself, whatever becomes of the change that it tells of."""
    outbox = import_module("models.outbox")
    transaction = import_module("models.session").transaction
    tell = outbox.tell

    def apart(_session, topic, payloads):
        with transaction() as session:
            tell(session, topic, payloads)

    _put(outbox, "tell", apart)


def _answer_early() -> None:
    """The API answers first and commits a second later, where it is sent a key: the world is built without."""
    idempotency = import_module("api.idempotency")
    in_time = idempotency.Post.once

    def once(self, work, *, items=None, then=None):
        if self._key is None:
            return in_time(self, work, items=items, then=then)
        opened = idempotency.transaction()
        session = opened.__enter__()
        try:
            response = self._with_key(session, self._key, work, items)
        except BaseException as error:
            opened.__exit__(type(error), error, error.__traceback__)
            raise

        def commit() -> None:
            opened.__exit__(None, None, None)
            if then and response.status_code < idempotency.problems.LEAST_REFUSAL:
                then()

        Timer(1, commit).start()
        return response

    _put(idempotency.Post, "once", once)


def _forget_keys_at_once() -> None:
    retention = import_module("models.privacy.retention")
    _put(retention, "KEYS_LAST", retention.KEYS_LAST * 0)


def _keep_no_answers() -> None:
    """Whoever asks again has it done again."""
    idempotency = import_module("api.idempotency")
    once = idempotency.Post.once

    def forgetful(self, *arguments, **options):
        self._key = None
        return once(self, *arguments, **options)

    _put(idempotency.Post, "once", forgetful)


def _call_it_our_fault() -> None:
    """A database that is away is not told from a fault in the code."""
    problems = import_module("api.problems")
    _put(problems, "of_database", lambda _error: None)


_ONE_BOOKING = (
    "ALTER TABLE appointment DROP CONSTRAINT appointment_booking_request_id_unique",
    "ALTER TABLE booking_request DROP CONSTRAINT booking_request_decided_once_decided",
)

SABOTAGES = {
    each.name: each
    for each in (
        Sabotage("leases", "a lease never runs out", ("everything_is_decided",), workers=_expire_nothing),
        Sabotage("sweep", "nobody rings again for what waits", ("everything_is_decided",), workers=_ring_nothing_again),
        Sabotage(
            "fencing",
            "a run commits whatever has become of it",
            ("requests_are_decided_once",),
            workers=_trust_every_run,
            statements=_ONE_BOOKING,
        ),
        Sabotage(
            "messages",
            "a message says what to plan, and is believed though it comes late or again",
            ("requests_are_decided_once",),
            workers=_plan_what_the_message_said,
            api=_note_when_sent,
            statements=_ONE_BOOKING,
        ),
        Sabotage(
            "outbox",
            "events are written in a transaction of their own",
            ("versions_are_told_in_a_row", "requests_are_decided_once"),
            workers=_tell_apart,
            api=_tell_apart,
        ),
        Sabotage(
            "answers",
            "the API answers before it has committed",
            ("acknowledged_requests_are_there", "direct_bookings_are_there_once"),
            api=_answer_early,
        ),
        Sabotage(
            "keys",
            "no answer is kept by its key",
            ("no_request_is_there_twice", "batches_are_whole", "direct_bookings_are_there_once"),
            without=("repeat", "queue_at_once", "misuse_key"),
            api=_keep_no_answers,
        ),
        Sabotage(
            "nights",
            "the night forgets answers that are asked for yet",
            ("replays_agree", "no_request_is_there_twice"),
            workers=_forget_keys_at_once,
        ),
        Sabotage(
            "unavailable",
            "a database that is away is answered as a fault of ours",
            ("server_errors_say_when",),
            api=_call_it_our_fault,
        ),
        Sabotage(
            "restarts",
            "what dies is not started again",
            ("every_entry_is_sealed_once", "every_event_is_told", "everything_is_decided"),
            supervisor=True,
        ),
        Sabotage(
            "drain",
            "a worker that is told to stop drops what it does, and leases never run out",
            ("everything_is_decided",),
            workers=_drop_what_is_done,
        ),
        Sabotage(
            "waits",
            "the API waits until Valkey has taken a message",
            ("nobody_waits_for_valkey",),
            api=_wait_for_the_bell,
        ),
        Sabotage(
            "rules",
            "the database lets hours overlap",
            ("nobody_is_in_two_appointments",),
            statements=(
                "ALTER TABLE appointment DROP CONSTRAINT appointment_doctor_free",
                "ALTER TABLE appointment DROP CONSTRAINT appointment_patient_free",
            ),
        ),
        Sabotage(
            "audit",
            "changes of requests are not audited",
            ("rows_follow_from_the_audit",),
            statements=("ALTER TABLE booking_request DISABLE TRIGGER USER",),
        ),
    )
}
"""Every sabotage by its name."""
