"""What is in reach, of each table, as conditions that are added to every statement (`models.access.reach`).

Subqueries here are of plain tables: of mapped ones they would be bounded themselves, by what they are to decide. What a
condition is `of` is a mapped class, or an alias of its table.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    SQLColumnExpression,
    Text,
    Uuid,
    and_,
    any_,
    case,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)

from models.access.acting import Reach
from models.booking import BookingRequest, BookingRequestHospital
from models.rescheduling.tables import Reschedule
from models.schedule import Appointment
from models.validation.tables import Finding, ValidationReport

Of = Any
"""A mapped class, or the columns of an alias: both have a table's columns as attributes."""

_REQUEST, _ACCEPTED = BookingRequest.__table__, BookingRequestHospital.__table__
_APPOINTMENT = Appointment.__table__


def at_hospital(
    column: SQLColumnExpression[UUID] | SQLColumnExpression[UUID | None], reach: Reach
) -> ColumnElement[bool]:
    """Whether a hospital is in reach; none is the whole network's."""
    return true() if reach.hospitals is None else column.in_(sorted(reach.hospitals))


def at_hospitals(
    column: SQLColumnExpression[list[UUID]] | SQLColumnExpression[list[UUID] | None], reach: Reach
) -> ColumnElement[bool]:
    """Of a column that lists hospitals (NULL or none: of the whole network): whether all of them are in reach."""
    if reach.doctor is not None:
        return false()
    if reach.hospitals is None:
        return true()
    return and_(func.cardinality(column) > 0, column.op("<@")(literal(sorted(reach.hospitals), ARRAY(Uuid))))


def schedule(of: Of, reach: Reach) -> ColumnElement[bool]:
    """Hours of doctors at hospitals."""
    here = at_hospital(of.hospital_id, reach)
    return here if reach.doctor is None else and_(here, of.doctor_id == reach.doctor)


def requests(of: Of, reach: Reach) -> ColumnElement[bool]:
    """Booking requests: all hospitals that they accept, and that of the appointment they move.

    One that accepts any hospital is the whole network's.
    """
    if reach.doctor is not None:
        return false()
    own = true() if reach.requests_of is None else of.created_by == reach.requests_of
    if reach.hospitals is None:
        return own
    among = sorted(reach.hospitals)
    here, elsewhere, moved = _ACCEPTED.alias(), _ACCEPTED.alias(), _APPOINTMENT.alias()
    return and_(
        own,
        exists().where(here.c.booking_request_id == of.id),
        ~exists().where(elsewhere.c.booking_request_id == of.id, elsewhere.c.hospital_id.not_in(among)),
        ~exists().where(moved.c.id == of.moves, moved.c.hospital_id.not_in(among)),
    )


def conflicts(of: Of, reach: Reach) -> ColumnElement[bool]:
    """Conflicts, of requests in reach."""
    request = _REQUEST.alias()
    return exists().where(request.c.id == of.booking_request_id, requests(request.c, reach))


def batches(of: Of, reach: Reach) -> ColumnElement[bool]:
    """Batches of requests that are all in reach."""
    if reach.doctor is not None:
        return false()
    if reach.requests_of is not None:
        return of.created_by == reach.requests_of  # type: ignore[no-any-return]
    line = _REQUEST.alias()
    return ~exists().where(line.c.batch_id == of.id, ~requests(line.c, reach))


def deliveries(of: Of, reach: Reach) -> ColumnElement[bool]:
    """Deliveries of what is told of appointments in reach."""
    if reach.hospitals is None:
        return true()
    theirs = select(_APPOINTMENT.c.id).where(_APPOINTMENT.c.hospital_id.in_(sorted(reach.hospitals)))
    return of.appointment_id.in_(theirs)  # type: ignore[no-any-return]


def feeds(of: Of, reach: Reach) -> ColumnElement[bool]:
    """Calendar feeds: a doctor's own, and those of hospitals."""
    return of.doctor_id == reach.doctor if reach.doctor is not None else at_hospitals(of.hospitals, reach)


def reports(of: Of, reach: Reach) -> ColumnElement[bool]:
    """Validation reports of hospitals. One that places appointments anywhere tells what is free elsewhere."""
    if reach.doctor is not None:
        return false()
    if reach.hospitals is None:
        return true()
    return and_(at_hospital(of.hospital_id, reach), _word(of.policy, "same_hospital") == "true")


def findings(of: Of, reach: Reach) -> ColumnElement[bool]:
    """Findings of hospitals; what is about a booking request or a reschedule, where that is in reach."""
    if not reach.is_bounded:
        return true()
    kind, id_ = (func.jsonb_extract_path_text(of.entities, _quoted("0"), _quoted(name)) for name in ("kind", "id"))
    request, reschedule = _REQUEST.alias(), Reschedule.__table__.alias()
    asked, job = (case((kind == each, id_.cast(Uuid))) for each in ("booking_request", "reschedule"))
    return and_(
        at_hospitals(of.hospitals, reach),
        or_(asked.is_(None), exists().where(request.c.id == asked, requests(request.c, reach))),
        or_(job.is_(None), exists().where(reschedule.c.id == job, at_hospitals(reschedule.c.hospitals, reach))),
    )


def messages(of: Of, reach: Reach) -> ColumnElement[bool]:
    """Messages about an hour that is or was in reach, or about something in reach that they name by its id."""
    if not reach.is_bounded:
        return true()
    place = _word(of.payload, "hospital")
    return or_(_places(of.payload, reach), and_(place.is_(None), _things(of.payload, reach)))


def _places(payload: Of, reach: Reach) -> ColumnElement[bool]:
    within: ColumnElement[bool] = true()
    if reach.hospitals is not None:
        among = [str(each) for each in sorted(reach.hospitals)]
        within = or_(*(_word(payload, name).in_(among) for name in ("hospital", "former_hospital")))
    if reach.doctor is None:
        return within
    whose = _word(payload, "doctor")
    theirs = or_(whose == str(reach.doctor), _word(payload, "former_doctor") == str(reach.doctor))
    return and_(within, or_(whose.is_(None), theirs))


def _things(payload: Of, reach: Reach) -> ColumnElement[bool]:
    """Whether what a message without a place is about is in reach: all of it, where that is several things."""
    request, several, out, line = (_REQUEST.alias() for _ in range(4))
    reschedule = Reschedule.__table__.alias()
    finding, report = Finding.__table__.alias(), ValidationReport.__table__.alias()
    listed = any_(_listed(payload, "booking_requests"))
    batch = _named(payload, "batch")
    return or_(
        exists().where(request.c.id == _named(payload, "booking_request"), requests(request.c, reach)),
        and_(
            exists().where(several.c.id == listed),
            ~exists().where(out.c.id == listed, ~requests(out.c, reach)),
        ),
        and_(batch.is_not(None), ~exists().where(line.c.batch_id == batch, ~requests(line.c, reach))),
        exists().where(reschedule.c.id == _named(payload, "reschedule"), at_hospitals(reschedule.c.hospitals, reach)),
        exists().where(finding.c.id == _named(payload, "finding"), findings(finding.c, reach)),
        exists().where(report.c.id == _named(payload, "validation_report"), reports(report.c, reach)),
    )


def _word(payload: Of, name: str) -> ColumnElement[str | None]:
    """What a message says under a name. Not `payload[name]`: what that binds cannot be in a statement twice."""
    return func.jsonb_extract_path_text(payload, _quoted(name), type_=Text)


def _named(payload: Of, name: str) -> ColumnElement[UUID | None]:
    return _word(payload, name).cast(Uuid)


def _listed(payload: Of, name: str) -> ColumnElement[list[UUID]]:
    """The ids in a list. No subquery takes them out: nested so deep, it would be about all messages there are."""
    return func.translate(_word(payload, name), _quoted('[]"'), _quoted("{}")).cast(ARRAY(Uuid))  # type: ignore[arg-type]


def _quoted(name: str) -> ColumnElement[str]:
    return literal_column(f"'{name}'")
