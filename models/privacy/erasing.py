"""Erasing a patient: the row and its id stay, so that the record of the hospital's hours stays whole, and nothing tells
any more who it was.
"""

import datetime as dt
import json
import re
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, String, cast, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from models.booking import BookingRequest, RequestStatus
from models.deliveries.tables import Channel, Delivery, DeliveryStatus
from models.faults import Fault, Refusal, Refused, refuse_if
from models.operations import IdempotencyKey
from models.people import ERASED_NAME, Patient
from models.schedule import Appointment, AppointmentStatus
from models.tables import Base  # every table is known

_UNDECIDED = (RequestStatus.QUEUED, RequestStatus.PLANNING)
_SHORTEST = 3
"""Shorter words stand in too many places to be looked for."""
_APART = frozenset({"patient", "audit_detail"})
"""Tables whose words about a patient are erased."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a patient was known: what nothing may tell any more."""

    external_id: str
    name: str
    email: str | None

    @property
    def all(self) -> list[str]:
        """Those that can be looked for."""
        return [each for each in (self.external_id, self.name, self.email) if each and len(each) >= _SHORTEST]


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done. `id` stays."""

    id: uuid.UUID
    words: Words
    answers: int
    mails: int
    audit_details: int


def erase_patient(session: Session, patient_id: uuid.UUID, now: dt.datetime) -> Erased:
    """Overwrite who a patient is, and delete what else says it: answers kept for repeated requests, mails that were
    still to be sent, and the words in the audit. It cannot be undone.

    Raises
    ------
    Refused
        where they have appointments to come, or requests that are not decided (clash): all of them are named. Where
        they are erased already (clash), or there is no such patient (not found).

    """
    # Whoever books for them holds the row, too (`models.references.find_patients`), and comes before or after.
    patient = session.get(Patient, patient_id, with_for_update=True, populate_existing=True)
    if patient is None:
        raise Refused(
            Refusal.NOT_FOUND, [Fault("unknown_patient", "", str(patient_id), f"There is no patient {patient_id}.")]
        )
    if patient.erased_at is not None:
        raise Refused(Refusal.CLASH, [Fault("patient_erased", "", str(patient_id), "The patient is erased already.")])
    refuse_if([*_appointments_to_come(session, patient_id, now), *_undecided(session, patient_id)], Refusal.CLASH)
    words = Words(patient.external_id, patient.name, patient.email)
    session.execute(
        update(Patient)
        .where(Patient.id == patient_id)
        .values(
            name=ERASED_NAME,
            external_id=f"erased-{patient_id}",
            email=None,
            active=False,
            erased_at=now,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    return Erased(
        id=patient_id,
        words=words,
        answers=_forget_answers(session, patient_id, words),
        mails=_forget_mails(session, patient_id),
        # Last: that the row was overwritten is in the audit by now, with what stood there.
        audit_details=session.scalar(select(func.audit_erase(patient_id))) or 0,
    )


def find_words(session: Session, words: Words) -> dict[str, int]:
    """Where the words of a patient still stand, as `table.column` with the number of rows: labels and reasons that
    people have typed. Nobody but them knows whether it is the same person. Reads every table.
    """
    found = {}
    sought = words.all
    for table in Base.metadata.sorted_tables:
        if table.name in _APART or not sought:
            continue
        for column in table.columns:
            if isinstance(column.type, (String, JSONB)):
                named = or_(*(_has_word(column, word) for word in sought))
                if rows := session.scalar(select(func.count()).select_from(table).where(named)):
                    found[f"{table.name}.{column.name}"] = rows
    return found


def _appointments_to_come(session: Session, patient_id: uuid.UUID, now: dt.datetime) -> list[Fault]:
    start = func.lower(Appointment.during)
    rows = session.execute(
        select(Appointment.id, start.label("start"))
        .where(
            Appointment.patient_id == patient_id,
            Appointment.status == AppointmentStatus.BOOKED,
            func.upper(Appointment.during) > now,
        )
        .order_by(start)
    )
    return [
        Fault(
            "appointment_to_come",
            "",
            str(row.id),
            f"The appointment {row.id} begins at {row.start:%Y-%m-%d %H:%M} UTC;"
            f" cancel it on the schedule, or by POST /appointments/{row.id}/cancel.",
        )
        for row in rows
    ]


def _undecided(session: Session, patient_id: uuid.UUID) -> list[Fault]:
    ids = session.scalars(
        select(BookingRequest.id)
        .where(BookingRequest.patient_id == patient_id, BookingRequest.status.in_(_UNDECIDED))
        .order_by(BookingRequest.id)
    )
    return [
        Fault(
            "request_undecided",
            "",
            str(id_),
            f"The booking request {id_} is not decided; cancel it on its page, or by DELETE /booking-requests/{id_}.",
        )
        for id_ in ids
    ]


def _forget_answers(session: Session, patient_id: uuid.UUID, words: Words) -> int:
    """Delete the answers that name a patient: by id, or by a word of theirs as JSON and sentences put it."""
    body = IdempotencyKey.body.op("#>>")(text("'{}'"))  # an answer is stored as text
    quoted = [quote for each in words.all for quote in (json.dumps(each, ensure_ascii=False), f"'{each}'")]
    named = or_(*(func.strpos(body, each) > 0 for each in (str(patient_id), *quoted)))
    gone = delete(IdempotencyKey).where(named).returning(IdempotencyKey.key)
    return len(session.execute(gone.execution_options(synchronize_session=False)).all())


def _forget_mails(session: Session, patient_id: uuid.UUID) -> int:
    """Delete the mails that nobody can get any more."""
    theirs = select(Appointment.id).where(Appointment.patient_id == patient_id)
    waits = (Delivery.channel == Channel.EMAIL) & (Delivery.status != DeliveryStatus.DELIVERED)
    gone = delete(Delivery).where(waits, Delivery.appointment_id.in_(theirs)).returning(Delivery.id)
    return len(session.execute(gone.execution_options(synchronize_session=False)).all())


def _has_word(column: Column[Any], word: str) -> ColumnElement[bool]:
    """Whether a word stands in a column by itself, in any case."""
    return cast(column, String).regexp_match(rf"(^|\W){re.escape(word)}(\W|$)", flags="i")
