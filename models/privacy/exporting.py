"""Everything that is kept about a patient, as JSON."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Uuid, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from models.audit.tables import AuditDetail, AuditEntry
from models.base import Base
from models.booking import BookingRequest, BookingRequestDoctor, BookingRequestHospital, Conflict, JsonObject
from models.deliveries.tables import Delivery
from models.hospitals import Hospital
from models.operations import OutboxMessage
from models.people import Patient, User
from models.rescheduling.tables import FormerHour, RescheduledAppointment
from models.schedule import Appointment
from models.validation.tables import Finding

READING = {"route": "slotwise patient export"}
"""How the audit tells that somebody was given it all."""


def export_patient(session: Session, patient_id: uuid.UUID, now: dt.datetime) -> JsonObject:
    """Everything about a patient, by the tables in which it is kept; the audit is told that it was read.

    Periods are written `["start","end")`: the start belongs to them, the end does not. `names` are those of the staff,
    the doctors and the hospitals that are mentioned by id. Left out are other patients' ids, and the answers that are
    kept for two days for whoever repeats a request: they say nothing that is not here.
    """
    session.execute(select(func.audit_read(literal([patient_id], ARRAY(Uuid)), literal(READING, JSONB))))
    appointments = _ids(session, Appointment.id, Appointment.patient_id == patient_id)
    requests = _ids(session, BookingRequest.id, BookingRequest.patient_id == patient_id)
    about = [patient_id, *appointments, *requests]
    entries = _ids(session, AuditEntry.id, AuditEntry.subjects.bool_op("&&")(literal(about, ARRAY(Uuid))))
    kept: JsonObject = {
        "exported_at": now.isoformat(),
        "patient": _rows(session, Patient, Patient.id == patient_id)[0],
        "appointments": _rows(session, Appointment, Appointment.id.in_(appointments)),
        "former_hours": _rows(session, FormerHour, FormerHour.appointment_id.in_(appointments)),
        "booking_requests": _rows(session, BookingRequest, BookingRequest.id.in_(requests)),
        "booking_request_doctors": _rows(
            session, BookingRequestDoctor, BookingRequestDoctor.booking_request_id.in_(requests)
        ),
        "booking_request_hospitals": _rows(
            session, BookingRequestHospital, BookingRequestHospital.booking_request_id.in_(requests)
        ),
        "conflicts": _rows(session, Conflict, Conflict.booking_request_id.in_(requests)),
        "rescheduled": _rows(session, RescheduledAppointment, RescheduledAppointment.appointment_id.in_(appointments)),
        "deliveries": _rows(session, Delivery, Delivery.appointment_id.in_(appointments)),
        "events": _rows(session, OutboxMessage, _tells_of(appointments, requests)),
        "findings": _rows(session, Finding, or_(*(Finding.entities.contains([{"id": str(each)}]) for each in about))),
        "audit": _rows(session, AuditEntry, AuditEntry.id.in_(entries), "subjects"),
        "audit_words": _rows(session, AuditDetail, AuditDetail.patient_id == patient_id, "salt"),
    }
    return kept | {"names": _names(session, kept)}


def _ids(session: Session, id_: Any, condition: ColumnElement[bool]) -> list[Any]:  # Any: a key of either type
    return list(session.scalars(select(id_).where(condition).order_by(id_)))


def _rows(
    session: Session, table: type[Base], condition: ColumnElement[bool], *left_out: str
) -> list[Mapping[str, Any]]:  # Any: JSON values
    """The whole rows of a table, as PostgreSQL writes them, in the order of their keys."""
    rows = select(func.to_jsonb(_whole(table))).where(condition)
    found = session.scalars(rows.order_by(*table.__table__.primary_key)).all()
    return [{name: value for name, value in row.items() if name not in left_out} for row in found]


def _whole(table: type[Base]) -> ColumnElement[Any]:  # Any: a row has no Python type of its own here
    return literal_column(table.__tablename__)  # a table's name stands for its row


def _tells_of(appointments: Iterable[uuid.UUID], requests: Iterable[uuid.UUID]) -> ColumnElement[bool]:
    """Whether a message is about one of the appointments, or one of the requests alone; of many, it names others'."""
    payload = OutboxMessage.payload
    return or_(
        payload["appointment"].astext.in_([str(each) for each in appointments]),
        payload["booking_request"].astext.in_([str(each) for each in requests]),
    )


def _names(session: Session, kept: JsonObject) -> dict[str, str]:
    """The names of the doctors and hospitals whose ids stand somewhere in a JSON value."""
    ids = set(_mentioned(kept))
    doctors = session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    hospitals = session.execute(select(Hospital.id, Hospital.name).where(Hospital.id.in_(ids)))
    return {str(row.id): row.name for row in (*doctors, *hospitals)}


def _mentioned(value: Any) -> Iterator[uuid.UUID]:  # Any: a JSON value
    match value:
        case dict():
            yield from _mentioned([*value.values()])
        case list():
            for each in value:
                yield from _mentioned(each)
        case str():
            with suppress(ValueError):
                yield uuid.UUID(value)
