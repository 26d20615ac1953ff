"""Which hours a reschedule loses, and which appointments that displaces."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Subquery,
    TableValuedAlias,
    Uuid,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, TSTZRANGE, Range
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Session

from models.arrays import table_of
from models.base import ends, period
from models.hospitals import Hospital, Opening
from models.hours import project_anew
from models.inputs import WeekHours
from models.rescheduling.inputs import Scope
from models.rescheduling.tables import Cause, Reschedule
from models.schedule import Appointment, AppointmentStatus, Availability
from planner.problem import HOUR


@dataclass(frozen=True, slots=True)
class Lost:
    """A period that is lost: to a doctor (None: to everybody) at a hospital (None: wherever the doctor is)."""

    hospital: uuid.UUID | None
    doctor: uuid.UUID | None
    during: Range[dt.datetime]


def lost_by(session: Session, job: Reschedule, now: dt.datetime) -> tuple[Lost, ...]:
    """What a job loses from `now` on, at the hospitals that it concerns."""
    return lost_hours(session, job.cause, Scope.model_validate(job.scope), now, job.hospitals)


def lost_hours(
    session: Session, cause: Cause, scope: Scope, now: dt.datetime, hospitals: Collection[uuid.UUID] | None = None
) -> tuple[Lost, ...]:
    """What a scope loses from `now` on; one that names no hospital at any of `hospitals` (None: wherever)."""
    return tuple(
        Lost(each.hospital, each.doctor, period(max(start, now), end))
        for each in _lost(session, cause, scope, now, hospitals)
        for start, end in [ends(each.during)]
        if end > now
    )


def displaced(session: Session, lost: Sequence[Lost], now: dt.datetime) -> Sequence[Appointment]:
    """The booked appointments, not begun at `now`, that overlap what is lost, by their ids."""
    return _booked_in(session, lost, func.lower(Appointment.during) >= now)


def begun(session: Session, lost: Sequence[Lost], now: dt.datetime) -> Sequence[Appointment]:
    """The booked appointments that overlap what is lost and have begun before `now`: nobody moves them any more."""
    return _booked_in(session, lost, func.lower(Appointment.during) < now)


def overlapping(kind: type[Appointment] | type[Availability], lost: Sequence[Lost]) -> Subquery:
    """The `id` of every appointment or availability that overlaps what is lost, with each period `during` it does.

    What a doctor loses and what everybody does are looked for apart, so that an index serves either.
    """
    theirs = lost_table([each for each in lost if each.doctor])
    everybodys = lost_table([each for each in lost if not each.doctor])
    overlaps = kind.during.bool_op("&&")
    return union_all(
        select(kind.id, theirs.c.during).where(
            kind.doctor_id == theirs.c.doctor_id,
            or_(theirs.c.hospital_id.is_(None), theirs.c.hospital_id == kind.hospital_id),
            overlaps(theirs.c.during),
        ),
        select(kind.id, everybodys.c.during).where(
            kind.hospital_id == everybodys.c.hospital_id, overlaps(everybodys.c.during)
        ),
    ).subquery("overlapping")


def lost_table(lost: Iterable[Lost]) -> TableValuedAlias:
    """What is lost as rows to join with: `hospital_id`, `doctor_id` (both may be NULL) and `during`."""
    rows = list(lost)
    return table_of(
        "lost",
        hospital_id=(Uuid, [each.hospital for each in rows]),
        doctor_id=(Uuid, [each.doctor for each in rows]),
        during=(TSTZRANGE, [each.during for each in rows]),
    )


def _booked_in(session: Session, lost: Sequence[Lost], when: ColumnElement[bool]) -> Sequence[Appointment]:
    if not lost:
        return ()
    found = overlapping(Appointment, lost)
    return session.scalars(
        select(Appointment)
        .where(Appointment.id.in_(select(found.c.id)), Appointment.status == AppointmentStatus.BOOKED, when)
        .order_by(Appointment.id)
    ).all()


def _lost(
    session: Session, cause: Cause, scope: Scope, now: dt.datetime, hospitals: Collection[uuid.UUID] | None
) -> Iterator[Lost]:
    if cause is Cause.APPOINTMENTS:
        for hour in scope.hours or ():
            yield Lost(hour.hospital, hour.doctor, period(hour.start, hour.start + HOUR))
    elif cause is Cause.HOURS_CHANGED:
        if scope.hospital and scope.operating_hours is not None:
            for during in _no_longer_open(session, scope.hospital, scope.operating_hours, now):
                yield Lost(scope.hospital, None, during)
    elif scope.start and scope.end:
        doctors: Iterable[uuid.UUID | None] = scope.doctors or [None]
        places = [scope.hospital] if scope.hospital or hospitals is None else sorted(hospitals)
        for doctor, place in product(doctors, places):
            yield Lost(place, doctor, period(scope.start, scope.end))


def _no_longer_open(
    session: Session, hospital_id: uuid.UUID, week: WeekHours, now: dt.datetime
) -> MultiRange[dt.datetime]:
    """The openings from `now` on that a hospital would not have, were these its weekly hours."""
    hospital = session.get_one(Hospital, hospital_id)
    today = now.astimezone(ZoneInfo(hospital.timezone)).date()
    kept = MultiRange(period(each.start, each.end) for each in project_anew(session, hospital, week, today))
    openings = func.range_agg(Opening.during, type_=TSTZMULTIRANGE)
    gone = select(openings.op("-", return_type=TSTZMULTIRANGE())(literal(kept, TSTZMULTIRANGE)))
    theirs = gone.where(Opening.hospital_id == hospital_id, func.upper(Opening.during) > now)
    return session.scalar(theirs) or MultiRange()
