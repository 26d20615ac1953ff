"""The days ahead of a hospital that could be lost, and the schedule that they would be lost from.

What losing a day asks of the planner is what a reschedule asks with the cause `doctor_unavailable` (wherever the doctor
is) or `hospital_closed`, and the same functions make it; but the schedule is read once for all days.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, load_only

from models.arrays import among
from models.base import ends
from models.hospitals import Hospital
from models.hours import instant_of
from models.people import Doctor
from models.rescheduling.history import wishes_of
from models.rescheduling.inputs import Policy
from models.rescheduling.problem import Concerned, acceptable_doctors, concerned_of, moot_of, requests_of, window_of
from models.schedule import Appointment
from models.validation.clocks import zone_of
from models.validation.sound import booked_hours, read_schedule
from models.validation.tables import Fragility
from planner.loss import Loss, Outcome
from planner.problem import HOUR, Period, Problem

DAYS = 14
"""How many local dates are looked at, from today on."""

READ = (
    Appointment.id,
    Appointment.version,
    Appointment.patient_id,
    Appointment.doctor_id,
    Appointment.hospital_id,
    Appointment.during,
)
"""What is read of an appointment: nothing that does not matter here, and could be broken."""


@dataclass(frozen=True, slots=True)
class Day:
    """A local date that could be lost: to a doctor, wherever that doctor is, or (None) to the whole hospital.

    `displaced` are the appointments that losing it displaces; the loss asks for other hours for those of patients who
    are still there.
    """

    date: dt.date
    doctor: uuid.UUID | None
    displaced: tuple[uuid.UUID, ...]
    loss: Loss

    @property
    def place(self) -> tuple[dt.date, str]:
        """Its place among the days of its hospital: by date, the whole hospital's first, then by doctor."""
        return self.date, str(self.doctor or "")


@dataclass(frozen=True, slots=True)
class Ahead:
    """The days of a hospital that could be lost, and the schedule they would be lost from (without any request).

    `rows` are all booked appointments concerned, not begun at `since`, as they are and (`concerned`) as a reschedule
    sees them; `doctors` who may see the patients of those that ask for another hour.
    """

    hospital: uuid.UUID
    zone: ZoneInfo
    policy: Policy
    since: dt.datetime
    schedule: Problem
    rows: Sequence[Appointment]
    concerned: Mapping[uuid.UUID, Concerned]
    doctors: Mapping[uuid.UUID, tuple[uuid.UUID, ...]]

    def days(self) -> Iterator[Day]:
        """Every day with appointments to lose, by their `place`."""
        for date, lost in _dates(self.zone, self.since):
            rows = [row for row in self.rows if _overlap(row, lost)]
            here = [row for row in rows if row.hospital_id == self.hospital]
            if here:
                yield self._day(date, None, lost, here)
            for doctor in sorted({row.doctor_id for row in here}, key=str):
                yield self._day(date, doctor, lost, [row for row in rows if row.doctor_id == doctor])

    def _day(self, date: dt.date, doctor: uuid.UUID | None, lost: Period, rows: Sequence[Appointment]) -> Day:
        asking = [self.concerned[row.id] for row in rows if row.id in self.doctors]
        requests = requests_of(asking, self.doctors, window_of(self.policy, rows, self.since), self.policy)
        loss = Loss(str(doctor) if doctor else None, None if doctor else str(self.hospital), lost, tuple(requests))
        return Day(date, doctor, tuple(row.id for row in rows), loss)


def hospitals_ahead(session: Session, hospital: uuid.UUID | None) -> list[uuid.UUID]:
    """The hospitals of a validation, ascending: one, or all."""
    found = select(Hospital.id).where(Hospital.id.is_not(None)).order_by(Hospital.id)
    return list(dict.fromkeys(session.scalars(found.where(Hospital.id == hospital) if hospital else found)))


def count_days(session: Session, hospital: uuid.UUID | None, since: dt.datetime) -> int:
    """About how many days there are to lose."""
    day = func.date_trunc("day", func.lower(Appointment.during), "UTC")
    rows = select(Appointment.hospital_id, Appointment.doctor_id, day.label("day")).where(
        booked_hours(Period(since, since + dt.timedelta(days=DAYS))), func.lower(Appointment.during) >= since
    )
    each = (rows.where(Appointment.hospital_id == hospital) if hospital else rows).distinct().subquery()
    of_hospitals = select(each.c.hospital_id, each.c.day).distinct().subquery()
    return sum(session.execute(select(func.count()).select_from(of)).scalar_one() for of in (each, of_hospitals))


def read_ahead(session: Session, hospital: uuid.UUID, policy: Policy, since: dt.datetime) -> Ahead | None:
    """The days ahead of a hospital; None where nothing is booked, or nobody knows its clock."""
    name = session.scalar(select(Hospital.timezone).where(Hospital.id == hospital).limit(1))
    zone = zone_of(name)
    rows = _displaceable(session, hospital, zone, since) if zone else ()
    if not zone or not rows:
        return None
    concerned = concerned_of(session, rows, wishes_of(session, [row.id for row in rows]), since)
    moot = moot_of(session, rows)
    asking = [each for id_, each in concerned.items() if id_ not in moot]
    doctors = acceptable_doctors(session, asking, same=policy.same_doctor)
    schedule = read_schedule(
        session,
        Period(since, max(window_of(policy, rows, since).end, since + HOUR)),
        doctors=set().union(*doctors.values()),
        patients={each.patient for each in asking},
        hospitals={each.hospital for each in asking} if policy.same_hospital else None,
        standing=rows,
    )
    seeing = {uuid.UUID(each.doctor) for each in schedule.availabilities}
    return Ahead(hospital, zone, policy, since, schedule, rows, concerned, _only(seeing, doctors))


def write_fragility(
    session: Session, report: uuid.UUID, hospital: uuid.UUID, found: Iterable[tuple[Day, Outcome]]
) -> None:
    """Write what losing some days of a hospital would do. Writing it again does no harm."""
    rows = [_row(report, hospital, day, outcome) for day, outcome in found]
    session.execute(insert(Fragility).on_conflict_do_nothing(), rows)


def _row(report: uuid.UUID, hospital: uuid.UUID, day: Day, outcome: Outcome) -> dict[str, object]:
    placed = {uuid.UUID(each.request) for each in outcome.bookings}
    return {
        "report_id": report,
        "hospital_id": hospital,
        "doctor_id": day.doctor,
        "date": day.date,
        "appointments": len(day.displaced),
        "replaceable": len(placed),
        "stranded": sorted(set(day.displaced) - placed),
        "proved": outcome.proved,
    }


def _displaceable(session: Session, hospital: uuid.UUID, zone: ZoneInfo, since: dt.datetime) -> Sequence[Appointment]:
    """The booked appointments of the days ahead, not begun, of the doctors who have any of them at a hospital.

    By their ids, each once.
    """
    dates = list(_dates(zone, since))
    coming = booked_hours(Period(dates[0][1].start, dates[-1][1].end)) & (func.lower(Appointment.during) >= since)
    there = session.scalars(
        select(Appointment.doctor_id)
        .where(coming, Appointment.hospital_id == hospital, exists().where(Doctor.id == Appointment.doctor_id))
        .distinct()
    )
    theirs = select(Appointment).where(coming, among(Appointment.doctor_id, there.all())).order_by(Appointment.id)
    rows = session.scalars(theirs.options(load_only(*READ, raiseload=True)))
    return list({row.id: row for row in rows}.values())


def _dates(zone: ZoneInfo, since: dt.datetime) -> Iterator[tuple[dt.date, Period]]:
    """The local dates ahead, and when each begins and ends."""
    today = since.astimezone(zone).date()
    dates = [today + dt.timedelta(days=number) for number in range(DAYS + 1)]
    for date, following in pairwise(dates):
        yield date, Period(instant_of(date, 0, zone), instant_of(following, 0, zone))


def _overlap(row: Appointment, lost: Period) -> bool:
    start, end = ends(row.during)
    return start < lost.end and lost.start < end


def _only(
    seeing: Collection[uuid.UUID], doctors: Mapping[uuid.UUID, tuple[uuid.UUID, ...]]
) -> dict[uuid.UUID, tuple[uuid.UUID, ...]]:
    """Of the doctors acceptable to each, the first and those who see anybody: mostly few, of a large network."""

    @cache
    def few(these: tuple[uuid.UUID, ...]) -> tuple[uuid.UUID, ...]:
        return these[0], *(each for each in these[1:] if each in seeing)

    return {id_: few(these) for id_, these in doctors.items()}
