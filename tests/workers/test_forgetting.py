"""What the nightly task forgets, and what it keeps."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from models.access.secrets import digest
from models.access.tables import OidcAttempt, OneTimeCode, SignIn, SignInFailure
from models.booking import BookingRequest, Conflict, RequestStatus
from models.deliveries.tables import Channel, Delivery, DeliveryCursor, DeliveryStatus
from models.operations import IdempotencyKey, OutboxMessage
from models.people import Role, User
from models.session import transaction
from tests.workers.validation.validating import Validating
from tests.workers.waiting import while_blocked
from workers import forgetting
from workers.validation.requests.wishes import CONTRADICTED_REQUESTS

NOW = datetime(2030, 1, 7, 12, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)


@pytest.fixture
def forget(chosen) -> Callable[[], None]:
    return lambda: forgetting.forget(chosen, NOW)


@pytest.fixture
def user(engine) -> UUID:
    with Session(engine) as session, session.begin():
        return session.scalars(
            insert(User).values(external_id="s1", name="Eva", role=Role.STAFF).returning(User.id)
        ).one()


@pytest.fixture
def write(engine):
    """Writes rows of a table."""

    def write_rows(table, *rows):
        with Session(engine) as session, session.begin():
            return [session.execute(insert(table).values(row).returning(*table.__table__.primary_key)) for row in rows]

    return write_rows


def test_answers_are_forgotten_after_two_days(network, write, forget):
    row = {"route": "POST /x", "body_sha256": "", "status_code": 201, "headers": {}, "body": {}}
    old, new = timedelta(days=2, minutes=1), timedelta(days=1, hours=23)
    write(IdempotencyKey, *({**row, "key": str(age), "created_at": NOW - age} for age in (old, new)))
    forget()
    assert [each.key for each in network.all(IdempotencyKey)] == [str(new)]


def test_sign_ins_are_forgotten_thirty_days_after_they_were_over(network, user, write, forget):
    month = timedelta(days=30)
    lasts = {"expires_at": NOW + A_MINUTE, "ended_at": None}
    over = {
        "stands": lasts,
        "ended lately": {**lasts, "ended_at": NOW - month + A_MINUTE},
        "ended": {**lasts, "ended_at": NOW - month - A_MINUTE},
        "expired lately": {"expires_at": NOW - month + A_MINUTE, "ended_at": None},
        "expired": {"expires_at": NOW - month - A_MINUTE, "ended_at": None},
    }
    row = {"user_id": user, "method": "password", "must_set_password": False}
    write(SignIn, *({**row, "browser": name, "secret_sha256": digest(name), **each} for name, each in over.items()))
    forget()
    assert {each.browser for each in network.all(SignIn)} == {"stands", "ended lately", "expired lately"}


def test_codes_that_have_expired_are_forgotten(network, user, write, forget):
    code = {"user_id": user, "code_sha256": digest("x"), "sets_password": True}
    write(OneTimeCode, {**code, "expires_at": NOW + A_MINUTE})
    forget()
    assert len(network.all(OneTimeCode)) == 1
    with transaction() as session:
        session.execute(update(OneTimeCode).values(expires_at=NOW - A_MINUTE))
    forget()
    assert network.all(OneTimeCode) == []


def test_what_throttled_somebody_is_forgotten_after_a_day(network, write, forget):
    day = timedelta(days=1)
    times = NOW - day - A_MINUTE, NOW - day + A_MINUTE
    write(SignInFailure, *({"account_sha256": b"", "address": "::1", "at": at} for at in times))
    attempt = {"nonce": "n", "code_verifier": "v", "next": "/app"}
    write(OidcAttempt, *({**attempt, "state_sha256": str(at).encode(), "created_at": at} for at in times))
    forget()
    assert [each.at for each in network.all(SignInFailure)] == [times[1]]
    assert [each.created_at for each in network.all(OidcAttempt)] == [times[1]]


@pytest.fixture
def conflict(network, claimed, write):
    """Adds a request in conflict, decided so long before now, whose window ends so long after it."""

    def add(decided: timedelta, latest: timedelta) -> UUID:
        request = network.request()
        run = claimed().run
        with transaction() as session:
            session.execute(
                update(BookingRequest)
                .where(BookingRequest.id == request)
                .values(
                    status=RequestStatus.CONFLICT,
                    decided_at=NOW - decided,
                    earliest=NOW - timedelta(days=900),
                    latest=NOW + latest,
                )
            )
        told = {"kind": "hours_taken", "message": "None.", "facts": {}, "certificate": {}, "alternatives": []}
        write(Conflict, {"booking_request_id": request, "planning_run_id": run, **told})
        return request

    return add


def test_conflicts_are_forgotten_long_after_they_were_decided_and_requests_stay(network, chosen, conflict, forget):
    kept = timedelta(days=chosen.conflicts_kept_days)
    old = conflict(kept + A_MINUTE, -A_MINUTE)
    lately = conflict(kept - A_MINUTE, -A_MINUTE)
    still_to_come = conflict(kept + A_MINUTE, A_MINUTE)
    forget()
    assert {each.booking_request_id for each in network.all(Conflict)} == {lately, still_to_come}
    assert network.get(BookingRequest, old).status is RequestStatus.CONFLICT


@pytest.fixture
def messages(chosen, write):
    """Two messages on either side of the time for which they are kept, both handed on to webhooks."""
    kept = timedelta(days=chosen.events_kept_days)
    ids = []
    for at in (NOW - kept - A_MINUTE, NOW - kept + A_MINUTE):
        (row,) = write(OutboxMessage, {"topic": "appointment.booked", "payload": {}, "created_at": at})
        ids.append(row.scalar_one())
    hand_on(ids[-1])
    return ids


def hand_on(message: int, channel: Channel = Channel.WEBHOOK) -> None:
    with transaction() as session:
        reached = session.scalar(select(OutboxMessage.transaction_id).where(OutboxMessage.id == message)) or "0"
        session.execute(insert(DeliveryCursor).values(channel=channel, transaction_id=reached, message_id=message))


def left(network) -> list[int]:
    return sorted(each.id for each in network.all(OutboxMessage))


def test_messages_are_forgotten_with_what_became_of_them(network, messages, write, forget):
    for id_ in messages:
        row = {"message_id": id_, "channel": Channel.WEBHOOK, "status": DeliveryStatus.DELIVERED, "delivered_at": NOW}
        write(Delivery, row)
    forget()
    assert left(network) == messages[1:]
    assert [each.message_id for each in network.all(Delivery)] == messages[1:]


def test_a_message_that_a_channel_has_not_been_handed_stays(network, messages, forget):
    hand_on(0, Channel.EMAIL)
    forget()
    assert left(network) == messages


@pytest.mark.parametrize(
    ("delivery", "stays"),
    [
        (("pending", Channel.EMAIL, -A_MINUTE), True),
        (("dead", Channel.EMAIL, A_MINUTE), True),
        (("dead", Channel.EMAIL, -A_MINUTE), False),
        (("dead", Channel.WEBHOOK, -A_MINUTE), True),
    ],
)
def test_a_message_that_is_still_to_be_told_stays(network, messages, write, forget, delivery, stays):
    status, channel, start = delivery
    with transaction() as session:
        session.execute(update(OutboxMessage).values(payload={"start": (NOW + start).isoformat()}))
    error = "The mail server refused the recipient (550)." if status == "dead" else None
    write(Delivery, {"message_id": messages[0], "channel": channel, "status": status, "last_error": error})
    forget()
    assert (messages[0] in left(network)) is stays
    assert len(network.all(Delivery)) == stays


def test_a_dead_message_that_is_taken_up_again_at_the_same_moment_stays(engine, network, messages, write, forget):
    with transaction() as session:
        session.execute(update(OutboxMessage).values(payload={"start": (NOW - A_MINUTE).isoformat()}))
    dead = {"message_id": messages[0], "channel": Channel.EMAIL, "status": "dead", "last_error": "Refused."}
    write(Delivery, dead)
    with engine.connect() as other:
        other.execute(update(Delivery).values(status=DeliveryStatus.PENDING, last_error=None))
        while_blocked(engine, forget, other.commit)
    assert left(network) == messages
    assert [each.status for each in network.all(Delivery)] == [DeliveryStatus.PENDING]


def test_more_than_a_slice_is_forgotten_whole(network, write, forget, monkeypatch):
    monkeypatch.setattr(forgetting, "SLICE", 2)
    write(SignInFailure, *({"account_sha256": b"", "address": "::1", "at": NOW - timedelta(days=2)} for _ in range(5)))
    forget()
    assert network.all(SignInFailure) == []


def test_one_kind_that_cannot_be_forgotten_does_not_keep_the_others(network, write, forget, monkeypatch):
    def fail(*_):
        raise ValueError("no")

    monkeypatch.setattr(forgetting.retention, "forget_keys", fail)
    write(SignInFailure, {"account_sha256": b"", "address": "::1", "at": NOW - timedelta(days=2)})
    with pytest.raises(ExceptionGroup):
        forget()
    assert network.all(SignInFailure) == []


def test_the_validation_does_not_miss_what_was_forgotten(engine, chosen, conflict, forget):
    long_ago = timedelta(days=chosen.conflicts_kept_days) + A_MINUTE
    conflict(long_ago, -A_MINUTE)
    forget()
    assert Validating(engine, chosen, NOW, [CONTRADICTED_REQUESTS]).report() == []


@pytest.mark.parametrize(("decided", "latest"), [(29, -1), (500, 1)])
def test_a_conflict_that_nobody_forgot_and_that_is_gone_is_found(engine, chosen, conflict, decided, latest):
    conflict(timedelta(days=decided), timedelta(days=latest))
    with transaction() as session:
        session.execute(delete(Conflict))
    (found,) = Validating(engine, chosen, NOW, [CONTRADICTED_REQUESTS]).report()
    assert found.facts["how"] == "no_reason"
