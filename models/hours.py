"""The hours hospitals keep, and the openings projected from them.

A weekly period or a dated exception is wall-clock time; an opening is a pair of instants. Where the clocks are put
forward, a time that does not exist is taken by the offset before the change (RFC 5545, section 3.3.5); where they are
put back, a hospital opens at the first of two equal times and closes at the second, so it stays open in between.
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from models import outbox
from models.base import period
from models.faults import Fault, Refusal, refuse_if
from models.hospitals import Hospital, Opening
from models.inputs import ExceptionIn, HospitalIn, WeekHours
from models.schedule import Availability
from models.settings import MOST_DAYS, settings
from models.stored_hours import DatedHours, Spans, dated_hours, hours_kept, spans_of, write_dates, write_week
from planner.instants import join
from planner.problem import Period


def instant_of(day: dt.date, minutes: int, zone: ZoneInfo, *, closing: bool = False) -> dt.datetime:
    """The instant of a wall-clock time, `minutes` after the midnight that begins `day` (1440 and above: the next day).

    Of a time that comes twice, the first, or the second where it closes a period.
    """
    return instant_at(dt.datetime.combine(day, dt.time()) + dt.timedelta(minutes=minutes), zone, closing=closing)


def instant_at(wall: dt.datetime, zone: ZoneInfo, *, closing: bool = False) -> dt.datetime:
    """The instant at which the clock of a zone shows `wall`, a time without a zone; as `instant_of` has it."""
    first, second = wall.replace(tzinfo=zone), wall.replace(tzinfo=zone, fold=1)
    comes_twice = first.utcoffset() > second.utcoffset()  # type: ignore[operator]  # a ZoneInfo always has an offset
    return (second if closing and comes_twice else first).astimezone(dt.UTC)


def project(
    week: Mapping[int, Spans], exceptions: Mapping[dt.date, Spans], zone: ZoneInfo, first: dt.date, until: dt.date
) -> list[Period]:
    """The openings of the local days `[first, until)`, sorted, joined where they touch or overlap.

    `week` maps a weekday (1 = Monday) to its periods; a date in `exceptions` keeps those instead. A period past
    midnight belongs whole to the day on which it starts.
    """
    days = (first + dt.timedelta(days=offset) for offset in range((until - first).days))
    periods = (
        (instant_of(day, opens, zone), instant_of(day, closes, zone, closing=True))
        for day in days
        for opens, closes in exceptions.get(day, week.get(day.isoweekday(), ()))
    )
    return [Period(start, end) for start, end in join(periods)]


def create_hospitals(session: Session, rows: Sequence[HospitalIn], now: dt.datetime) -> list[uuid.UUID]:
    """Add hospitals with their hours and project their openings from `now` on. Returns their ids, in order.

    Raises
    ------
    Refused
        where an `external_id` is taken already, or is sent twice.

    """
    known = set(session.scalars(select(Hospital.external_id).where(Hospital.external_id.in_(_external_ids(rows)))))
    faults = []
    for row, hospital in enumerate(rows):
        if hospital.external_id in known:
            faults.append(_taken(hospital.external_id, row))
        elif hospital.external_id:
            known.add(hospital.external_id)
    refuse_if(faults, Refusal.CLASH)

    ids = []
    for hospital in rows:
        today = now.astimezone(ZoneInfo(hospital.timezone)).date()
        values: dict[str, Any] = {"name": hospital.name, "timezone": hospital.timezone, "projected_until": today}
        if hospital.external_id:
            values["external_id"] = hospital.external_id
        id_ = session.execute(insert(Hospital).values(values).returning(Hospital.id)).scalar_one()
        write_week(session, id_, spans_of(hospital.operating_hours))
        write_dates(session, id_, dated_hours(hospital.exceptions))
        extend_openings(session, id_, now)
        ids.append(id_)
    return ids


def set_operating_hours(session: Session, hospital_id: uuid.UUID, week: WeekHours, now: dt.datetime) -> None:
    """Replace a hospital's weekly hours and its openings from `now` on.

    Raises
    ------
    Refused
        where availabilities would lie outside the openings; it names them.

    """
    hospital = _hold(session, hospital_id)
    write_week(session, hospital_id, spans_of(week))
    _hours_changed(session, hospital, now)


def set_exception(session: Session, hospital_id: uuid.UUID, exception: ExceptionIn, now: dt.datetime) -> None:
    """Let a hospital keep other hours on one date. Raises as `set_operating_hours` does."""
    hospital = _hold(session, hospital_id)
    write_dates(session, hospital_id, dated_hours([exception]))
    _hours_changed(session, hospital, now)


def remove_exception(session: Session, hospital_id: uuid.UUID, date: dt.date, now: dt.datetime) -> bool:
    """Let a hospital keep its weekly hours on `date` again; False where it did.

    Raises as `set_operating_hours` does.
    """
    hospital = _hold(session, hospital_id)
    removed = write_dates(session, hospital_id, {date: None})
    if removed:
        _hours_changed(session, hospital, now)
    return removed


def extend_openings(session: Session, hospital_id: uuid.UUID, now: dt.datetime) -> None:
    """Project a hospital's openings up to the horizon, from where they end."""
    hospital = _hold(session, hospital_id)
    zone = ZoneInfo(hospital.timezone)
    until = now.astimezone(zone).date() + dt.timedelta(days=settings().opening_horizon_days)
    if hospital.projected_until < until:
        _replace_openings(session, hospital, instant_of(hospital.projected_until, 0, zone), until)
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def project_anew(session: Session, hospital: Hospital, week: WeekHours, first: dt.date) -> list[Period]:
    """The openings that a hospital would have from the local day `first` on, were `week` its weekly hours."""
    since, zone = first - dt.timedelta(days=1), ZoneInfo(hospital.timezone)  # its last period may run past midnight
    dates = hours_kept(session, hospital.id).dates
    return project(spans_of(week), dates, zone, since, hospital.projected_until)


def project_from_hours(session: Session, hospital_id: uuid.UUID, now: dt.datetime) -> Hospital:
    """Replace all openings of a hospital from `now` on by what the hours that it keeps come to by today's clock, as far
    ahead as is set, or as they went. Returns the hospital, whose row stays locked.

    Whether availabilities lie within the openings is left open until the transaction ends, as in `rewrite_hours`.
    """
    horizon = now.date() + dt.timedelta(days=settings().opening_horizon_days)
    held = update(Hospital).where(Hospital.id == hospital_id)
    # A day that the calendar hardly has was written by hand.
    too_far = Hospital.projected_until > horizon + dt.timedelta(days=MOST_DAYS)
    session.execute(
        held.values(projected_until=case((too_far, horizon), else_=func.greatest(Hospital.projected_until, horizon))),
        execution_options={"synchronize_session": False},
    )
    hospital = session.get_one(Hospital, hospital_id, with_for_update=True, populate_existing=True)
    _project_again(session, hospital, now)
    return hospital


def rewrite_hours(
    session: Session,
    hospital: Hospital,
    week: Mapping[int, Spans] | None,
    dated: Mapping[dt.date, DatedHours | None],
    now: dt.datetime,
) -> None:
    """Write the weekly hours (None: as they are), those of some dates (None: none), and the openings from `now` on.

    `hospital` is locked. Whether availabilities lie within the openings is left open until the transaction ends: who
    calls this changes them as well.
    """
    if week is not None:
        write_week(session, hospital.id, week)
    write_dates(session, hospital.id, dated)
    _project_again(session, hospital, now)


def _hold(session: Session, hospital_id: uuid.UUID) -> Hospital:
    """Keep everybody else from changing a hospital's hours: before the first of its rows is written, or two who change
    them would wait for each other.
    """
    return session.get_one(Hospital, hospital_id, with_for_update=True)


def _hours_changed(session: Session, hospital: Hospital, now: dt.datetime) -> None:
    _project_again(session, hospital, now)
    refuse_if(availabilities_outside(session, hospital.id, now), Refusal.CLASH)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def _project_again(session: Session, hospital: Hospital, now: dt.datetime) -> None:
    session.execute(update(Hospital).where(Hospital.id == hospital.id).values(version=Hospital.version + 1))
    _replace_openings(session, hospital, now, hospital.projected_until)
    outbox.tell(session, "hospital.hours_changed", [{"hospital": str(hospital.id)}])


def _replace_openings(session: Session, hospital: Hospital, since: dt.datetime, until: dt.date) -> None:
    """Write the openings from the instant `since` to the end of the local day before `until`; earlier ones stay."""
    # Availabilities may hang in the air until the new openings are there; the caller asks for the check again.
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    zone = ZoneInfo(hospital.timezone)
    first = since.astimezone(zone).date() - dt.timedelta(days=1)  # its last period may run past midnight
    kept = hours_kept(session, hospital.id)
    projected = project(kept.week, kept.dates, zone, first, until)
    later = Range(since, None, bounds="[)")
    replaced = session.scalars(
        delete(Opening)
        .where(
            Opening.hospital_id == hospital.id,
            # One that ends then is taken up again where the hospital stays open after all.
            or_(Opening.during.overlaps(later), Opening.during.adjacent_to(later)),
        )
        .returning(Opening.during)
    )
    begun = [(during.lower, since) for during in replaced if during.lower and during.lower < since]
    new = [(max(opening.start, since), opening.end) for opening in projected if opening.end > since]
    rows = [{"hospital_id": hospital.id, "during": period(start, end)} for start, end in join(begun + new)]
    if rows:
        session.execute(insert(Opening), rows)
    session.execute(update(Hospital).where(Hospital.id == hospital.id).values(projected_until=until))


def availabilities_outside(session: Session, hospital_id: uuid.UUID, now: dt.datetime) -> Iterator[Fault]:
    """The availabilities after `now` that do not lie within the openings of a hospital."""
    openings = (
        select(func.coalesce(func.range_agg(Opening.during), text("'{}'::tstzmultirange")))
        .where(Opening.hospital_id == hospital_id)
        .scalar_subquery()
    )
    outside = select(Availability).where(
        Availability.hospital_id == hospital_id,
        func.upper(Availability.during) > now,
        ~Availability.during.op("<@")(openings),
    )
    for availability in session.scalars(outside.order_by(func.lower(Availability.during))):
        yield Fault(
            "availability_outside_openings",
            "",
            str(availability.id),
            f"The availability {availability.id} would lie outside the new openings; change or withdraw it first.",
            facts={"availability": str(availability.id), "doctor": str(availability.doctor_id)},
        )


def _external_ids(rows: Sequence[HospitalIn]) -> list[str]:
    return [row.external_id for row in rows if row.external_id]


def _taken(external_id: str | None, row: int) -> Fault:
    return Fault(
        "external_id_taken",
        "external_id",
        external_id,
        f"There is a hospital {external_id!r} already; choose another external_id, or change that one.",
        row,
    )
