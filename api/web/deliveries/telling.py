"""Deliveries in words: what they tell, to whom, and what became of them."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.web import clocks
from api.web.words import t
from models.appointment_messages import BOOKED, CANCELLED, MOVED, told_hours
from models.booking import JsonObject
from models.deliveries.tables import Channel, Delivery, DeliveryStatus
from models.hospitals import Hospital
from models.operations import OutboxMessage
from models.people import Patient
from models.schedule import Appointment

_KNOWN = {BOOKED: "messages-topic-booked", MOVED: "messages-topic-moved", CANCELLED: "messages-topic-cancelled"}


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery. `what` has happened, `about` whose hour, `outcome` is what became of it."""

    delivery: Delivery
    what: str
    about: str
    outcome: str
    age: str

    @property
    def dead(self) -> bool:
        """Whether it was given up."""
        return self.delivery.status is DeliveryStatus.DEAD


def tell(session: Session, deliveries: Sequence[Delivery], now: dt.datetime) -> list[Told]:
    """The deliveries in words, by the clocks of their hospitals."""
    ids = [delivery.message_id for delivery in deliveries]
    messages = {row.id: row for row in session.scalars(select(OutboxMessage).where(OutboxMessage.id.in_(ids)))}
    patients = _patients(session, deliveries)
    zones = {str(id_): ZoneInfo(zone) for id_, zone in session.execute(select(Hospital.id, Hospital.timezone))}
    return [
        Told(
            delivery=each,
            what=t(_KNOWN[topic]) if (topic := messages[each.message_id].topic) in _KNOWN else topic,
            about=_about(patients.get(each.appointment_id), messages[each.message_id].payload, zones),
            outcome=_outcome(each, now),
            age=clocks.ago(each.created_at, now),
        )
        for each in deliveries
    ]


def _patients(session: Session, deliveries: Sequence[Delivery]) -> dict[uuid.UUID | None, str]:
    """The names of the patients whom mails go to, by their appointments."""
    mailed = [each.appointment_id for each in deliveries if each.channel is Channel.EMAIL]
    rows = select(Appointment.id, Patient.name).join(Patient, Patient.id == Appointment.patient_id)
    return dict(session.execute(rows.where(Appointment.id.in_(mailed))).all())


def _about(patient: str | None, payload: JsonObject, zones: Mapping[str, ZoneInfo]) -> str:
    if "start" not in payload:
        return patient or ""
    hour, _ = told_hours(payload)
    zone = zones.get(str(hour.hospital))
    if zone is None:  # it was for an hour at a hospital that the caller does not see
        return patient or ""
    when = clocks.when(hour.start, zone)
    return t("messages-about", patient=patient, when=when) if patient else when


def _outcome(delivery: Delivery, now: dt.datetime) -> str:
    match delivery.status:
        case DeliveryStatus.DEAD:
            return t("messages-given-up", count=delivery.attempts)
        case DeliveryStatus.DELIVERED if delivery.delivered_at:
            return t("messages-arrived", ago=clocks.ago(delivery.delivered_at, now))
        case _ if delivery.attempts and delivery.next_attempt_at > now:
            return t("messages-again", when=clocks.ago(delivery.next_attempt_at, now), count=delivery.attempts)
        case _:
            return t("messages-due")
