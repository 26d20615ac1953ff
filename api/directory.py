"""Users, doctors and patients: copies that the hospital system keeps current by writing them again."""

import uuid
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import examples
from api.access.gate import caller_of
from api.idempotency import Answer, Posted
from api.named import ExternalId, HospitalName, acting_at, gone, specialties_of
from api.pages import ById, Page
from api.problems import documented
from api.times import UTC, InstantOut, local
from models.access.scopes import Scope
from models.directory import search_patients, upsert_patients, upsert_users
from models.inputs import PatientIn, PatientSearch, Specialty, UserIn
from models.people import Doctor, DoctorSpecialty, Patient, Role, User
from models.references import as_uuid, find_patients
from models.session import transaction

router = APIRouter(tags=["Directory"])


class UserOut(BaseModel):
    """A doctor or another member of staff."""

    id: uuid.UUID
    external_id: str = Field(examples=["d-17"])
    name: str = Field(examples=["Dr Ana Sousa"])
    email: str | None
    role: Role
    specialties: list[str] = Field(examples=[["cardiology"]])
    hospitals: list[HospitalName] = Field(description="Where a member of staff acts")
    active: bool
    updated_at: InstantOut


class PatientOut(BaseModel):
    """Someone who is seen."""

    id: uuid.UUID
    external_id: str = Field(examples=["p-4711"])
    name: str
    email: str | None = Field(description="Where they are told of their appointments; null: nowhere")
    active: bool
    updated_at: InstantOut


class PatientsOut(BaseModel):
    """The patients found: one with just that `external_id` first, then active ones by name, then the others."""

    items: list[PatientOut]


@router.put(
    "/users/{external_id:path}",
    summary="Add or change a user",
    openapi_extra=examples.body(examples.USER),
    responses=documented(
        forbidden=["may_not_make_admins"],
        clash=["doctor_has_availabilities"],
        invalid=["specialties_without_doctor", "hospitals_without_staff", "unknown_hospital", "missing"],
    )
    | {201: {"model": UserOut, "description": "Added"}},
)
def put_user(external_id: ExternalId, user: UserIn, request: Request, response: Response) -> UserOut:
    """Write a user as the hospital system knows them; writing the same again changes nothing. 201 where new.

    Who is an admin, an admin's e-mail address and whether they are active are changed by an admin, or with a token that
    has the scope `access:write`.
    """
    caller = caller_of(request)
    may_make_admins = caller.role is Role.ADMIN or Scope.ACCESS_WRITE in caller.scopes
    with transaction() as session:
        known = session.scalar(select(User.id).where(User.external_id == external_id))
        id_ = upsert_users(session, {external_id: user}, may_make_admins=may_make_admins)[external_id]
        shown = _users_shown(session, [session.get_one(User, id_, populate_existing=True)])[0]
    if known is None:
        response.status_code = 201
        response.headers["Location"] = f"/users/{id_}"
    return shown


@router.get("/users", summary="List users")
def list_users(
    asked: ById,
    role: Annotated[Role | None, Query(description="Only users of this role")] = None,
    active: Annotated[bool | None, Query(description="Only active ones, or only inactive ones")] = None,
) -> Page[UserOut]:
    """Users, oldest first."""
    users = select(User).order_by(User.id).limit(asked.limit + 1)
    if role:
        users = users.where(User.role == role)
    if active is not None:
        users = users.where(User.active == active)
    if asked.after:
        users = users.where(User.id > asked.after)
    with transaction() as session:
        rows = session.scalars(users).all()
        return asked.page(rows, lambda row: (row.id,), lambda shown: _users_shown(session, shown))


@router.get("/users/{external_id:path}", summary="Read a user", responses=documented(not_found=["unknown_user"]))
def read_user(external_id: ExternalId) -> UserOut:
    """One user, by `external_id` or `id`."""
    with transaction() as session:
        user = session.scalar(select(User).where(User.external_id == external_id))
        user = user or session.scalar(select(User).where(User.id == as_uuid(external_id)))
        if user is None:
            raise gone("user", external_id)
        return _users_shown(session, [user])[0]


@router.get("/doctors", summary="List doctors")
def list_doctors(
    asked: ById,
    specialty: Annotated[Specialty | None, Query(description="Only doctors of this specialty")] = None,
    active: Annotated[bool | None, Query(description="Only active ones, or only inactive ones")] = None,
) -> Page[UserOut]:
    """Doctors, oldest first."""
    doctors = select(User).join(Doctor, Doctor.id == User.id).order_by(User.id).limit(asked.limit + 1)
    if specialty:
        of_specialty = select(DoctorSpecialty.doctor_id).where(DoctorSpecialty.specialty == specialty)
        doctors = doctors.where(User.id.in_(of_specialty))
    if active is not None:
        doctors = doctors.where(User.active == active)
    if asked.after:
        doctors = doctors.where(User.id > asked.after)
    with transaction() as session:
        rows = session.scalars(doctors).all()
        return asked.page(rows, lambda row: (row.id,), lambda shown: _users_shown(session, shown))


@router.put(
    "/patients/{external_id:path}",
    summary="Add or change a patient",
    openapi_extra=examples.body(examples.PATIENT),
    responses=documented(clash=["patient_erased"], invalid=["missing", "not_an_email_address"])
    | {201: {"model": PatientOut, "description": "Added"}},
)
def put_patient(external_id: ExternalId, patient: PatientIn, response: Response) -> PatientOut:
    """Write a patient as the hospital system knows them; writing the same again changes nothing. 201 where new."""
    with transaction() as session:
        known = session.scalar(select(Patient.id).where(Patient.external_id == external_id))
        id_ = upsert_patients(session, {external_id: patient})[external_id]
        shown = _patient_shown(session.get_one(Patient, id_, populate_existing=True))
    if known is None:
        response.status_code = 201
        response.headers["Location"] = f"/patients/{id_}"
    return shown


@router.get("/patients", summary="List patients")
def list_patients(
    asked: ById, active: Annotated[bool | None, Query(description="Only active ones, or only inactive ones")] = None
) -> Page[PatientOut]:
    """Patients, oldest first."""
    patients = select(Patient).order_by(Patient.id).limit(asked.limit + 1)
    if active is not None:
        patients = patients.where(Patient.active == active)
    if asked.after:
        patients = patients.where(Patient.id > asked.after)
    with transaction() as session:
        rows = session.scalars(patients).all()
    return asked.page(rows, lambda row: (row.id,), lambda shown: [_patient_shown(row) for row in shown])


@router.get(
    "/patients/{external_id:path}", summary="Read a patient", responses=documented(not_found=["unknown_patient"])
)
def read_patient(external_id: ExternalId) -> PatientOut:
    """One patient, by `external_id` or `id`."""
    with transaction() as session:
        found = find_patients(session, [external_id]).get(external_id)
        if found is None:
            raise gone("patient", external_id)
        return _patient_shown(session.get_one(Patient, found.id))


@router.post(
    "/patients/search",
    response_model=PatientsOut,
    summary="Search patients",
    openapi_extra=examples.body(examples.PATIENT_SEARCH),
    responses=documented(invalid=["missing", "too_short", "out_of_range"]),
)
def search(post: Posted, asked: PatientSearch) -> Response:
    """Patients of whom some words begin as those sent: of their names, or of their `external_id`.

    Case and accents make no difference. It is a POST so that no name stands in an address, where logs would keep it.
    """

    def work(session: Session) -> Answer:
        found = search_patients(session, asked.text, asked.limit)
        return Answer(200, PatientsOut(items=[_patient_shown(patient) for patient in found]))

    return post.once(work)


def _users_shown(session: Session, users: Sequence[User]) -> list[UserOut]:
    ids = [user.id for user in users]
    specialties, hospitals = specialties_of(session, ids), acting_at(session, ids)
    return [
        UserOut(
            id=user.id,
            external_id=user.external_id,
            name=user.name,
            email=user.email,
            role=user.role,
            specialties=specialties[user.id],
            hospitals=hospitals[user.id],
            active=user.active,
            updated_at=local(user.updated_at, UTC),
        )
        for user in users
    ]


def _patient_shown(patient: Patient) -> PatientOut:
    return PatientOut(
        id=patient.id,
        external_id=patient.external_id,
        name=patient.name,
        email=patient.email,
        active=patient.active,
        updated_at=local(patient.updated_at, UTC),
    )
