"""The doctors and specialties that forms choose from."""

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.named import specialties_of
from models.people import Doctor, DoctorSpecialty, User


class Choosable(NamedTuple):
    """A doctor to choose, with specialties in alphabetical order."""

    id: uuid.UUID
    external_id: str
    name: str
    specialties: Sequence[str]


def active_doctors(session: Session) -> list[Choosable]:
    """Every doctor who is active, by name."""
    rows = session.execute(
        select(User.id, User.external_id, User.name)
        .join(Doctor, Doctor.id == User.id)
        .where(User.active)
        .order_by(User.name, User.id)
    ).all()
    specialties = specialties_of(session, [row.id for row in rows])
    return [Choosable(row.id, row.external_id, row.name, specialties[row.id]) for row in rows]


def all_specialties(session: Session) -> Sequence[str]:
    """Every specialty that a doctor has, in alphabetical order."""
    return session.scalars(select(DoctorSpecialty.specialty).distinct().order_by(DoctorSpecialty.specialty)).all()
