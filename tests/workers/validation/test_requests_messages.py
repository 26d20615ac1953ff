"""Messages that reach nobody: found by channel, sent again, gone."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.deliveries.handing import hand_on, use_channels
from models.deliveries.tables import Channel, Delivery, DeliveryStatus
from models.faults import Refused
from models.operations import OutboxMessage
from tests.workers.validation.validating import Validating, subjects
from workers.validation.requests.messages import UNDELIVERED


@pytest.fixture
def now() -> datetime:
    """The database dates messages by its own clock."""
    return datetime.now(UTC)


@pytest.fixture
def validating(engine, chosen, now) -> Validating:
    return Validating(engine, chosen, now, (UNDELIVERED,))


@pytest.fixture
def told(engine, now):
    """Tells by a channel of an appointment that begins in so many hours; the delivery."""

    def tell(channel: Channel, hours: float = 1, **values) -> uuid.UUID:
        appointment = uuid.uuid4()
        payload = {"appointment": str(appointment), "start": (now + timedelta(hours=hours)).isoformat()}
        with engine.begin() as connection:
            message = connection.execute(
                insert(OutboxMessage).values(topic="appointment.booked", payload=payload).returning(OutboxMessage.id)
            ).scalar_one()
            values = {"message_id": message, "channel": channel, "appointment_id": appointment} | values
            return connection.execute(insert(Delivery).values(values).returning(Delivery.id)).scalar_one()

    return tell


DEAD = {"status": DeliveryStatus.DEAD, "last_error": "The mail server says 550."}


def test_dead_messages_of_a_channel_are_one_finding_and_sent_again_at_once(network, validating, told, now):
    dead = [told(Channel.EMAIL, **DEAD) for _ in range(3)]
    arrived = {"status": DeliveryStatus.DELIVERED, "delivered_at": now}
    delivered = told(Channel.EMAIL, **arrived)
    told(Channel.EMAIL, 0, **DEAD)  # it has begun: no news any more
    outdated = told(Channel.EMAIL, **DEAD)
    later = network.get(Delivery, outdated)
    told(Channel.EMAIL, 2, appointment_id=later.appointment_id, **arrived)
    by_webhook = told(Channel.WEBHOOK, 0, **DEAD)
    by_mail, to_systems = validating.report()
    assert subjects([by_mail, to_systems]) == [
        ("message_undelivered", "channel:email"),
        ("message_undelivered", "channel:webhook"),
    ]
    assert by_mail.facts == {"dead": 3, "late": 0, "not_handed_on": 0}
    assert {each["id"] for each in by_mail.entities} == {"email", *map(str, dead)}
    assert by_mail.message == "By email there are 3 messages given up. The last reason: The mail server says 550."
    validating.apply(by_mail)
    assert {each.id for each in network.all(Delivery) if each.status is DeliveryStatus.PENDING} == set(dead)
    assert network.get(Delivery, delivered).status is DeliveryStatus.DELIVERED
    assert [each.key for each in validating.report()] == [to_systems.key]
    with pytest.raises(Refused) as refused:
        validating.apply(by_mail)
    assert [each.code for each in refused.value.faults] == ["finding_gone"]
    validating.apply(to_systems)
    assert network.get(Delivery, by_webhook).status is DeliveryStatus.PENDING
    assert validating.report() == []


def test_messages_that_are_tried_too_late_or_in_vain_for_long_are_found(network, validating, told, now):
    with Session(network.engine) as session, session.begin():
        use_channels(session, [Channel.WEBHOOK])
    due = now - timedelta(minutes=50)
    told(Channel.WEBHOOK, created_at=due, next_attempt_at=due)
    told(Channel.WEBHOOK, created_at=due, next_attempt_at=now + timedelta(hours=5), attempts=9)
    told(Channel.EMAIL, created_at=due, next_attempt_at=due)  # nobody sends mails any more
    assert validating.report() == []
    validating.now += timedelta(minutes=15)
    [finding] = validating.report()
    assert finding.facts == {"dead": 0, "late": 2, "not_handed_on": 0}
    assert finding.remedy is None


def test_messages_that_nobody_hands_on_are_found_until_somebody_does(network, validating, now):
    with Session(network.engine) as session, session.begin():
        use_channels(session, [Channel.EMAIL])
    tell = {"topic": "reschedule.queued", "payload": {}}
    network.write(insert(OutboxMessage).values(**tell, created_at=now - timedelta(minutes=58.5)))
    assert [each.facts for each in validating.report()] == []
    [finding] = validating.report()
    assert finding.facts == {"dead": 0, "late": 0, "not_handed_on": 1}
    with Session(network.engine) as session, session.begin():
        hand_on(session, Channel.EMAIL, 100)
    assert validating.report() == []
