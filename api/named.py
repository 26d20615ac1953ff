"""How answers name people and hospitals, and how a path or a query names them."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.problems import QueryRefused
from models.access.tables import UserHospital
from models.faults import Fault, Refusal, Refused
from models.hospitals import Hospital
from models.inputs import MAX_CHOICES, Text
from models.people import DoctorSpecialty, User
from models.references import Directory, find_doctors, find_hospitals, find_patients, unknown

Reference = Annotated[Text, StringConstraints(strip_whitespace=True)]

HospitalPath = Annotated[Reference, Path(description="The hospital's `external_id` or `id`", examples=["central"])]
ExternalId = Annotated[Reference, Path(description="The id that the system it comes from knows it by")]

HospitalFilter = Annotated[Reference | None, Query(description="Only at this hospital (`external_id` or `id`)")]
PatientFilter = Annotated[Reference | None, Query(description="Only of this patient (`external_id` or `id`)")]
DoctorFilter = Annotated[
    list[Reference],
    Query(max_length=MAX_CHOICES, description="Only of these doctors (`external_id` or `id`); repeat it for several"),
]


class PersonName(BaseModel):
    """A doctor or a patient, as other resources name them."""

    id: uuid.UUID
    external_id: str = Field(examples=["d-17"])
    name: str = Field(examples=["Dr Ana Sousa"])


class HospitalName(BaseModel):
    """A hospital, as other resources name it."""

    id: uuid.UUID
    external_id: str = Field(examples=["central"])
    name: str = Field(examples=["Central Hospital"])
    timezone: str = Field(examples=["Europe/Lisbon"])


def the_hospital(session: Session, reference: str, *, locked: bool = False) -> Hospital:
    """The hospital that a path names.

    Raises
    ------
    Refused
        where there is none.

    """
    found = find_hospitals(session, [reference]).get(reference)
    if found is None:
        raise gone("hospital", reference)
    return session.get_one(Hospital, found.id, with_for_update=locked)


def gone(kind: str, reference: object) -> Refused:
    """The refusal of an address that names a `kind` that does not exist."""
    message = f"There is no {kind.replace('_', ' ')} {str(reference)!r}."
    return Refused(Refusal.NOT_FOUND, [Fault(f"unknown_{kind}", "", str(reference), message)])


def hospital_filter(session: Session, reference: str | None) -> uuid.UUID | None:
    """The id of the hospital that a query asks for; None where it asks for any."""
    return _one(session, find_hospitals, "hospital", reference)


def patient_filter(session: Session, reference: str | None) -> uuid.UUID | None:
    """The id of the patient that a query asks for; None where it asks for any."""
    return _one(session, find_patients, "patient", reference)


def doctor_filter(session: Session, references: Sequence[str]) -> list[uuid.UUID]:
    """The ids of the doctors that a query asks for; empty where it asks for any."""
    return _all(session, find_doctors, "doctor", references)


def hospital_names(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, HospitalName]:
    """The names of hospitals, by id."""
    columns = Hospital.id, Hospital.external_id, Hospital.name, Hospital.timezone
    rows = session.execute(select(*columns).where(Hospital.id.in_(set(ids))))
    return {row.id: HospitalName.model_validate(row, from_attributes=True) for row in rows}


def user_names(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, PersonName]:
    """The names of doctors and other users, by id."""
    rows = session.execute(select(User.id, User.external_id, User.name).where(User.id.in_(set(ids))))
    return {row.id: PersonName.model_validate(row, from_attributes=True) for row in rows}


def specialties_of(session: Session, doctors: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """The specialties of each of these doctors, in alphabetical order."""
    found: dict[uuid.UUID, list[str]] = {doctor: [] for doctor in doctors}
    rows = select(DoctorSpecialty).where(DoctorSpecialty.doctor_id.in_(found.keys()))
    for row in session.scalars(rows.order_by(DoctorSpecialty.specialty)):
        found[row.doctor_id].append(row.specialty)
    return found


def acting_at(session: Session, users: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[HospitalName]]:
    """The hospitals where each of these members of staff acts, by name."""
    found: dict[uuid.UUID, list[HospitalName]] = {user: [] for user in users}
    rows = session.execute(
        select(UserHospital.user_id, Hospital)
        .join(Hospital, Hospital.id == UserHospital.hospital_id)
        .where(UserHospital.user_id.in_(found.keys()))
        .order_by(Hospital.name, Hospital.id)
    )
    for user, hospital in rows:
        found[user].append(HospitalName.model_validate(hospital, from_attributes=True))
    return found


Find = Callable[[Session, Iterable[str]], Directory]


def _one(session: Session, find: Find, kind: str, reference: str | None) -> uuid.UUID | None:
    return None if reference is None else _all(session, find, kind, [reference])[0]


def _all(session: Session, find: Find, kind: str, references: Sequence[str]) -> list[uuid.UUID]:
    if not references:
        return []
    found = find(session, references)
    if faults := [unknown(kind, kind, reference) for reference in references if reference not in found]:
        raise QueryRefused(Refusal.INVALID, faults)
    return [found[reference].id for reference in references]
