"""The ground that a plan stands on: availabilities, hospitals' clocks, and people who are still there.

Between the snapshot and the commit any of it may have been pulled away. `ON CONFLICT` does not catch a foreign key, so
one withdrawn availability would sink the whole batch. Therefore the ground is locked first, and what has lost it is
left out: `FOR KEY SHARE` keeps an availability from being withdrawn or cut, and a hospital's time zone from being
changed, until the transaction ends, while it lets everybody read and book.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import literal, or_, select
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Session

from models.base import ends, period
from models.hospitals import Hospital
from models.people import Patient, User
from models.rescheduling.leftovers import kept_for, kept_hours
from models.schedule import Availability
from planner.problem import HOUR, Period


@dataclass(frozen=True, slots=True)
class Placement:
    """One hour of a plan: a new appointment for `request`, or the new hour of `appointment` (None: not a move).

    `request` is None where the planner moved an appointment that nobody asked to move.
    """

    request: UUID | None
    appointment: UUID | None
    patient: UUID
    doctor: UUID
    hospital: UUID
    start: datetime


def hold_ground(session: Session, placements: Sequence[Placement], timezones: Mapping[UUID, str]) -> list[Placement]:
    """Those of `placements` that can still be written, with their ground locked until the transaction ends.

    `timezones` are the clocks by which the hours were planned: where a hospital has got another, its hours are off.
    An hour that is there for a left-over appointment alone (`models.rescheduling.leftovers`) is nobody else's, though
    that one moves away. Whether the people are still active is read without a lock: a doctor who leaves right after was
    booked before.
    """
    moving = {each.appointment for each in placements if each.appointment}
    availabilities = _lock_availabilities(session, placements, moving)
    kept = kept_hours(session, moving)
    clocks = _lock_clocks(session, {each.hospital for each in placements})
    doctors = _active(session, User, {each.doctor for each in placements})
    patients = _active(session, Patient, {each.patient for each in placements})
    return [
        each
        for each in placements
        if _covers(availabilities.get((each.doctor, each.hospital), ()), each.start)
        and kept.get((each.doctor, each.hospital, each.start), each.appointment) == each.appointment
        and clocks.get(each.hospital) == timezones[each.hospital]
        and each.doctor in doctors
        and each.patient in patients
    ]


def _lock_availabilities(
    session: Session, placements: Sequence[Placement], moving: Collection[UUID]
) -> dict[tuple[UUID, UUID], list[Period]]:
    """The availabilities around some hours, and those kept for who moves, locked in the order of their ids.

    By doctor and hospital.

    Found first and locked second: a row that was changed while we waited for its lock is then read anew by its id,
    and nothing else about it has to hold.
    """
    hours = MultiRange(period(each.start, each.start + HOUR) for each in placements)
    near = session.scalars(
        select(Availability.id).where(
            Availability.doctor_id.in_({each.doctor for each in placements}),
            Availability.hospital_id.in_({each.hospital for each in placements}),
            Availability.during.bool_op("&&")(literal(hours, TSTZMULTIRANGE)),
        )
    ).all()
    locked: dict[tuple[UUID, UUID], list[Period]] = {}
    for row in session.execute(
        select(Availability.doctor_id, Availability.hospital_id, Availability.during)
        .where(or_(Availability.id.in_(near), Availability.id.in_(kept_for(moving))))
        .order_by(Availability.id)
        .with_for_update(read=True, key_share=True)
    ):
        locked.setdefault((row.doctor_id, row.hospital_id), []).append(Period(*ends(row.during)))
    return locked


def _lock_clocks(session: Session, hospitals: Iterable[UUID]) -> dict[UUID, str]:
    rows = session.execute(
        select(Hospital.id, Hospital.timezone)
        .where(Hospital.id.in_(set(hospitals)))
        .order_by(Hospital.id)
        .with_for_update(read=True, key_share=True)
    )
    return dict(rows.all())


def _active(session: Session, kind: type[User] | type[Patient], ids: Iterable[UUID]) -> set[UUID]:
    return set(session.scalars(select(kind.id).where(kind.id.in_(set(ids)), kind.active)))


def _covers(availabilities: Iterable[Period], start: datetime) -> bool:
    """Whether periods that do not overlap cover the hour from `start`, joined where they touch."""
    covered_until = start
    for each in sorted(availabilities, key=lambda each: each.start):
        if each.start <= covered_until < each.end:
            covered_until = each.end
    return covered_until >= start + HOUR
