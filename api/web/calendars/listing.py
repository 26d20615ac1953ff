"""Which doctors the page of calendars shows, and the addresses at which their schedules are read."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from api.named import specialties_of
from models.access.reach import of
from models.calendar_feeds import CalendarFeed
from models.people import Doctor, DoctorSpecialty, User

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """A doctor and the addresses that are not revoked, oldest first."""

    doctor: User
    specialties: Sequence[str]
    feeds: Sequence[CalendarFeed]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the doctors, by name; `count` is how many there are on all pages."""

    doctors: Sequence[Shown]
    count: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.count // PAGE_SIZE))


def list_doctors(session: Session, name: str | None, specialty: str | None, page: int) -> Listing:
    """The doctors whose names contain `name` and who have `specialty`.

    One who is no longer active is there only while an address is left to be revoked. To a doctor only they are there.
    """
    live = CalendarFeed.revoked_at.is_(None)
    left = select(CalendarFeed.id).where(CalendarFeed.doctor_id == User.id, live).exists()
    doctors = select(User).join(Doctor, Doctor.id == User.id).where(or_(User.active, left))
    if own := of(session).doctor:
        doctors = doctors.where(User.id == own)
    if name:
        doctors = doctors.where(func.lower(User.name).contains(name.lower(), autoescape=True))
    if specialty:
        of_specialty = select(DoctorSpecialty.doctor_id).where(DoctorSpecialty.specialty == specialty)
        doctors = doctors.where(User.id.in_(of_specialty))
    count = session.scalar(select(func.count()).select_from(doctors.subquery())) or 0
    page = min(page, max(1, -(-count // PAGE_SIZE)))
    rows = session.scalars(doctors.order_by(User.name, User.id).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()
    specialties = specialties_of(session, [user.id for user in rows])
    feeds: dict[uuid.UUID, list[CalendarFeed]] = {user.id: [] for user in rows}
    for feed in session.scalars(
        select(CalendarFeed).where(CalendarFeed.doctor_id.in_(feeds), live).order_by(CalendarFeed.id)
    ):
        feeds[feed.doctor_id].append(feed)
    return Listing([Shown(user, specialties[user.id], feeds[user.id]) for user in rows], count, page)
