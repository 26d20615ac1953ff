"""Taking what is lost out of availabilities, and out of openings where the hospital loses it: found out, then written.

An appointment that is left standing in what is lost keeps exactly its hour, as an availability of its own, so that it
can be taken away once the appointment is gone (`models.rescheduling.leftovers`).
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Uuid, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, TSTZRANGE, Range
from sqlalchemy.orm import Session

from models import outbox
from models.arrays import among, table_of
from models.availabilities import availability_message
from models.base import ends, new_ids
from models.hospitals import Hospital
from models.hours import rewrite_hours
from models.inputs import WeekHours
from models.rescheduling.changes import Changes, Dated, HoursChange, Kept, Piece
from models.rescheduling.days import Hours, days_less, days_with
from models.rescheduling.lost import Lost, overlapping
from models.rescheduling.remaining import without
from models.schedule import Availability
from models.stored_hours import DatedHours, hours_kept, spans_of
from planner.instants import join


@dataclass(frozen=True, slots=True)
class Standing:
    """An appointment that keeps its hour, whatever is lost around it."""

    appointment: uuid.UUID
    doctor: uuid.UUID
    hospital: uuid.UUID
    during: Range[dt.datetime]


def cut_availabilities(
    session: Session, lost: Sequence[Lost], standing: Sequence[Standing]
) -> tuple[list[Piece], list[Piece]]:
    """The availabilities that overlap what is lost, and what is to be left of them.

    The first piece that is left of one keeps its id.
    """
    gone = overlapping(Availability, [*lost, *(Lost(each.hospital, each.doctor, each.during) for each in standing)])
    rest = func.tstzmultirange(Availability.during).op("-", return_type=TSTZMULTIRANGE())
    rows = session.execute(
        select(Availability, rest(func.range_agg(gone.c.during)))
        .join(gone, gone.c.id == Availability.id)
        .group_by(Availability.id)
        .order_by(Availability.id)
        .execution_options(populate_existing=True)
    ).all()
    before = [_piece(row, row.id, *ends(row.during), version=row.version) for row, _ in rows]
    ids = iter(new_ids(session, sum(len(left) for _, left in rows) + len(standing)))
    after = [
        _piece(row, row.id if place == 0 else next(ids), *ends(during), version=row.version if place == 0 else 0)
        for row, left in rows
        for place, during in enumerate(left)
    ]
    after += [_kept(each, next(ids)) for each in standing]
    return before, after


def cut_hours(
    session: Session,
    hospital: Hospital,
    week: WeekHours | None,
    lost: Sequence[Lost],
    standing: Sequence[Standing],
    reason: str | None,
) -> HoursChange:
    """What a hospital keeps, and what it is to keep: `week` (where given), or what it keeps less what is lost.

    It stays open for those who keep their hours.
    """
    zone = ZoneInfo(hospital.timezone)
    kept = [ends(each.during) for each in standing if each.hospital == hospital.id]
    hours = hours_kept(session, hospital.id)
    if week is None:
        gone = [rest for each in join(ends(each.during) for each in lost) for rest in without(*each, join(kept))]
        days = days_less(Hours(hours.week, hours.dates, zone), gone)
    else:
        days = days_with(Hours(spans_of(week), hours.dates, zone), kept)
    return HoursChange(
        hospital=hospital.id,
        before=Kept(
            week=None if week is None else {day: list(spans) for day, spans in hours.week.items()},
            dated={date: _dated(hours.dated.get(date)) for date in days},
        ),
        after=Kept(
            week=None if week is None else {day: list(spans) for day, spans in spans_of(week).items() if spans},
            dated={date: Dated(hours=list(spans), reason=reason) for date, spans in days.items()},
        ),
    )


def write_availabilities(session: Session, changes: Changes) -> None:
    """Change, withdraw and add availabilities, whose rows are locked, and tell so."""
    before, after = ({each.id: each for each in pieces} for pieces in (changes.before, changes.after))
    withdrawn = [each for each in changes.before if each.id not in after]
    changed = [each for each in changes.after if each.id in before and each.during != before[each.id].during]
    added = [each for each in changes.after if each.id not in before]
    gone = among(Availability.id, [each.id for each in withdrawn])
    session.execute(delete(Availability).where(gone), execution_options=_UNSEEN)
    if changed:
        new = table_of(
            "piece", id=(Uuid, [each.id for each in changed]), during=(TSTZRANGE, [each.during for each in changed])
        )
        session.execute(
            update(Availability)
            .where(Availability.id == new.c.id)
            .values(during=new.c.during, version=Availability.version + 1),
            execution_options=_UNSEEN,
        )
    if added:
        rows = [
            {
                "id": each.id,
                "doctor_id": each.doctor,
                "hospital_id": each.hospital,
                "during": each.during,
                "version": each.version + 1,
            }
            for each in added
        ]
        session.execute(insert(Availability), rows)
    for topic, pieces in (("withdrawn", withdrawn), ("changed", changed), ("added", added)):
        outbox.tell(session, f"availability.{topic}", (availability_message(each.id, each.hospital) for each in pieces))


def write_hours(session: Session, hospital: Hospital, kept: Kept, now: dt.datetime) -> None:
    """Let a hospital, whose row is locked, keep other hours."""
    dated = {date: DatedHours(each.hours, each.reason) if each else None for date, each in kept.dated.items()}
    rewrite_hours(session, hospital, kept.week, dated, now)


_UNSEEN = {"synchronize_session": False}


def _piece(of: Availability, id_: uuid.UUID, start: dt.datetime, end: dt.datetime, *, version: int) -> Piece:
    return Piece(id=id_, doctor=of.doctor_id, hospital=of.hospital_id, start=start, end=end, version=version)


def _kept(standing: Standing, id_: uuid.UUID) -> Piece:
    start, end = ends(standing.during)
    return Piece(
        id=id_,
        doctor=standing.doctor,
        hospital=standing.hospital,
        start=start,
        end=end,
        version=0,
        stands=standing.appointment,
    )


def _dated(hours: DatedHours | None) -> Dated | None:
    return Dated(hours=list(hours.hours), reason=hours.reason) if hours else None
