"""When doctors see patients: adding, changing and withdrawing availabilities."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, TableValuedAlias, Uuid, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase

from models import outbox
from models.access import reach
from models.access.reach import whole
from models.arrays import table_of
from models.base import ends, new_ids, period
from models.booking import JsonObject
from models.faults import Fault, Refusal, refuse_if
from models.hospitals import Hospital, Opening
from models.inputs import AvailabilityIn
from models.references import check_reference, find_doctors, find_hospitals, lock_to_change
from models.schedule import Appointment, AppointmentStatus, Availability
from planner.problem import HOUR
from planner.wording import spoken


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An availability that someone wants; `replaces` is the one it changes."""

    row: int
    doctor_id: uuid.UUID
    hospital_id: uuid.UUID
    during: Range[dt.datetime]
    replaces: uuid.UUID | None = None


def create_availabilities(session: Session, rows: Sequence[AvailabilityIn]) -> list[uuid.UUID]:
    """Add availabilities, all or none. Returns their ids, in order.

    Raises
    ------
    Refused
        naming those that end before they start, are shorter than an hour, name nobody, lie outside the openings, or put
        a doctor in two places.

    An availability lasts an hour at least, since an appointment takes a whole one: what is shorter is a slip of the
    hand. It need not hold an hour on the clock by itself, for it may touch another one, and both then hold one.

    """
    doctors = find_doctors(session, (row.doctor for row in rows))
    hospitals = find_hospitals(session, (row.hospital for row in rows))
    faults: list[Fault] = []
    for number, row in enumerate(rows):
        faults += check_reference(doctors, "doctor", "doctor", row.doctor, number)
        faults += check_reference(hospitals, "hospital", "hospital", row.hospital, number)
        faults += _too_short(row.start, row.end, number)
    refuse_if(faults)
    wanted = [
        _Wanted(number, doctors[row.doctor].id, hospitals[row.hospital].id, period(row.start, row.end))
        for number, row in enumerate(rows)
    ]
    refuse_if(_clashes_among(wanted), Refusal.CLASH)
    refuse_if(_clashes(session, wanted), Refusal.CLASH)
    if not wanted:
        return []
    ids = new_ids(session, len(wanted))
    values = [
        {"id": id_, "doctor_id": each.doctor_id, "hospital_id": each.hospital_id, "during": each.during}
        for id_, each in zip(ids, wanted, strict=True)
    ]
    try:
        with session.begin_nested():
            session.execute(insert(Availability), values)
    except IntegrityError:  # someone was quicker: say how the schedule stands now
        refuse_if(_clashes(session, wanted), Refusal.CLASH)
        raise
    outbox.tell(
        session,
        "availability.added",
        (availability_message(id_, each.hospital_id) for id_, each in zip(ids, wanted, strict=True)),
    )
    return ids


def change_availability(
    session: Session, availability_id: uuid.UUID, start: dt.datetime, end: dt.datetime, version: int | None
) -> None:
    """Let an availability be `[start, end)`. `version` is what the caller saw; None: whatever it is.

    One that is so already stays as it is, its version too, and nobody is told.

    Raises
    ------
    Refused
        as `create_availabilities` does, and where it does not exist, has changed since, or booked appointments would
        lie outside it; it names them.

    """
    availability = lock_to_change(session, Availability, availability_id, version)
    refuse_if(_too_short(start, end, 0))
    wanted = _Wanted(0, availability.doctor_id, availability.hospital_id, period(start, end), availability.id)
    if wanted.during == availability.during:  # sent again, since its answer was lost
        return
    refuse_if(_clashes(session, [wanted]), Refusal.CLASH)
    change = update(Availability).where(Availability.id == availability_id)
    _keeping_appointments(
        session, availability, change.values(during=wanted.during, version=Availability.version + 1), wanted.during
    )
    outbox.tell(session, "availability.changed", [availability_message(availability_id, wanted.hospital_id)])


def withdraw_availability(session: Session, availability_id: uuid.UUID, version: int | None) -> None:
    """Delete an availability in which no booked appointment stands.

    Raises
    ------
    Refused
        where it does not exist, has changed since, or booked appointments stand in it; it names them.

    """
    availability = lock_to_change(session, Availability, availability_id, version)
    message = availability_message(availability_id, availability.hospital_id)
    withdrawal = delete(Availability).where(Availability.id == availability_id)
    _keeping_appointments(session, availability, withdrawal, None)
    outbox.tell(session, "availability.withdrawn", [message])


def _too_short(start: dt.datetime, end: dt.datetime, row: int) -> Iterator[Fault]:
    if end <= start:
        yield Fault(
            "period_runs_backward",
            "end",
            end.isoformat(),
            f"The availability ends at or before its start, {start.isoformat()}; choose a later end.",
            row,
        )
    elif end - start < HOUR:
        yield Fault(
            "shorter_than_an_hour",
            "end",
            end.isoformat(),
            f"The availability would last {(end - start) // dt.timedelta(minutes=1)} minutes, and an appointment takes"
            f" an hour; end it at {(start + HOUR).isoformat()} or later.",
            row,
        )


def _clashes_among(wanted: Sequence[_Wanted]) -> Iterator[Fault]:
    """Where two of the wanted availabilities put one doctor in two places."""
    by_doctor: dict[uuid.UUID, list[_Wanted]] = {}
    for each in wanted:
        by_doctor.setdefault(each.doctor_id, []).append(each)
    for ofdoctor in by_doctor.values():
        latest: _Wanted | None = None
        for each in sorted(ofdoctor, key=_start):
            if latest and each.during.overlaps(latest.during):
                yield Fault(
                    "doctor_elsewhere",
                    "start",
                    _start(each).isoformat(),
                    f"The doctor is in another availability of this list then (item {latest.row + 1});"
                    " a doctor is in one place at a time.",
                    each.row,
                )
            if latest is None or _end(each) > _end(latest):
                latest = each


def _clashes(session: Session, wanted: Sequence[_Wanted]) -> Iterator[Fault]:
    """What the schedule as it stands has against the wanted availabilities."""
    rows = table_of(
        "wanted",
        row=(Integer, [each.row for each in wanted]),
        doctor_id=(Uuid, [each.doctor_id for each in wanted]),
        hospital_id=(Uuid, [each.hospital_id for each in wanted]),
        during=(TSTZRANGE, [each.during for each in wanted]),
        replaces=(Uuid, [each.replaces for each in wanted]),
    )
    by_row = {each.row: each for each in wanted}
    openings = (
        select(func.range_agg(Opening.during))
        .where(Opening.hospital_id == rows.c.hospital_id, Opening.during.op("&&")(rows.c.during))
        .scalar_subquery()
    )
    outside = (
        select(rows.c.row, Hospital)
        .join(Hospital, Hospital.id == rows.c.hospital_id)
        .where(~func.coalesce(openings.op("@>")(rows.c.during), False))
    )
    for row, hospital in session.execute(outside):
        yield _outside_openings(by_row[row], hospital, _next_opening(session, by_row[row]))
    yield from _doctors_elsewhere(session, rows, by_row)


def _doctors_elsewhere(session: Session, rows: TableValuedAlias, by_row: Mapping[int, _Wanted]) -> Iterator[Fault]:
    """Where the doctor of a wanted availability is in another one then: which one, if it is in reach."""
    elsewhere = (
        select(rows.c.row, Availability, Hospital)
        .join(
            Availability,
            and_(
                Availability.doctor_id == rows.c.doctor_id,
                Availability.during.op("&&")(rows.c.during),
                or_(rows.c.replaces.is_(None), Availability.id != rows.c.replaces),
            ),
        )
        .join(Hospital, Hospital.id == Availability.hospital_id)
    )
    with whole(session):  # a doctor is in one place at a time, wherever that is
        found = session.execute(elsewhere).all()
    within = reach.of(session).hospitals
    for row, availability, hospital in found:
        where, facts = "at another hospital then", {}
        if within is None or hospital.id in within:
            where = f"at {hospital.name} then, {_period_spoken(availability.during, hospital.timezone)}"
            facts = {"availability": str(availability.id)}
        message = f"The doctor is {where}; a doctor is in one place at a time."
        yield Fault("doctor_elsewhere", "start", _start(by_row[row]).isoformat(), message, row, facts=facts)


def _outside_openings(wanted: _Wanted, hospital: Hospital, following: Range[dt.datetime] | None) -> Fault:
    start = _start(wanted).astimezone(ZoneInfo(hospital.timezone))
    if start.date() >= hospital.projected_until:
        remedy = f"its openings are known until {hospital.projected_until}; choose an earlier day"
    elif following is None:
        remedy = "it has no opening after that; give it operating hours first"
    else:
        remedy = f"it is open {_period_spoken(following, hospital.timezone)}"
    return Fault(
        "outside_openings",
        "start",
        _start(wanted).isoformat(),
        f"{hospital.name} is not open for all of {_period_spoken(wanted.during, hospital.timezone)}; {remedy}.",
        wanted.row,
    )


def _next_opening(session: Session, wanted: _Wanted) -> Range[dt.datetime] | None:
    """The first opening that is not over when the wanted availability starts."""
    return session.scalar(
        select(Opening.during)
        .where(Opening.hospital_id == wanted.hospital_id, func.upper(Opening.during) > _start(wanted))
        .order_by(func.lower(Opening.during))
        .limit(1)
    )


def _keeping_appointments(
    session: Session, availability: Availability, change: UpdateBase, kept: Range[dt.datetime] | None
) -> None:
    """Make a change that leaves `kept` of an availability, unless booked appointments stand in the rest."""
    during = availability.during
    try:
        with session.begin_nested():
            session.execute(change, execution_options={"synchronize_session": False})
    except IntegrityError:
        refuse_if(_stranded(session, availability, during, kept), Refusal.CLASH)
        raise


def _stranded(
    session: Session, availability: Availability, during: Range[dt.datetime], kept: Range[dt.datetime] | None
) -> Iterator[Fault]:
    """Booked appointments in an availability that would stand outside it, were only `kept` left of it."""
    standing = select(Appointment.id, Appointment.during, Appointment.timezone).where(
        Appointment.doctor_id == availability.doctor_id,
        Appointment.hospital_id == availability.hospital_id,
        Appointment.status == AppointmentStatus.BOOKED,
        Appointment.during.op("&&")(during),
    )
    for id_, hour, timezone in session.execute(standing.order_by(func.lower(Appointment.during))):
        if kept is None or not kept.contains(hour):
            yield Fault(
                "appointment_stands",
                "",
                str(id_),
                f"The appointment {id_} stands in it, {_period_spoken(hour, timezone)}; move or cancel it first.",
                facts={"appointment": str(id_)},
            )


def _period_spoken(during: Range[dt.datetime], timezone: str) -> str:
    zone = ZoneInfo(timezone)
    start, end = (instant.astimezone(zone) for instant in ends(during))
    until = f"{end:%H:%M}" if end.date() == start.date() else spoken(end)
    return f"{spoken(start)} to {until} ({timezone})"


def availability_message(availability_id: uuid.UUID, hospital_id: uuid.UUID) -> JsonObject:
    """What a topic `availability.…` tells."""
    return {"availability": str(availability_id), "hospital": str(hospital_id)}


def _start(wanted: _Wanted) -> dt.datetime:
    return ends(wanted.during)[0]


def _end(wanted: _Wanted) -> dt.datetime:
    return ends(wanted.during)[1]
