"""Keeping the copies of users and patients current (idempotent upserts, whole sets at a time), and finding patients."""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.faults import Fault, Refusal, refuse_if
from models.inputs import PatientIn, UserIn
from models.people import Doctor, DoctorSpecialty, Patient, Role, User
from models.schedule import Availability

_LONGEST = 200
"""Letters of a name or an external id (`models.inputs.Text`)."""

# Every word that was asked for, as the beginning of a word; none at all matches nobody.
_ASKED = """(
    SELECT string_agg('''' || word || ''':*', ' & ')::tsquery
    FROM unnest(tsvector_to_array(search_words(:asked))) AS word
)"""


def upsert_users(session: Session, users: Mapping[str, UserIn]) -> dict[str, uuid.UUID]:
    """Write users by their external id; who is there already is brought up to date. Returns the ids.

    Raises
    ------
    Refused
        where a doctor with availabilities would stop being a doctor.

    """
    refuse_if(_doctors_no_more(session, users), Refusal.CLASH)
    if not users:
        return {}
    former = select(User.id).where(
        User.external_id.in_([external_id for external_id, user in users.items() if user.role is not Role.DOCTOR])
    )
    session.execute(delete(Doctor).where(Doctor.id.in_(former)))
    ids = _upsert_users(session, users)
    doctors = {ids[external_id]: user.specialties for external_id, user in users.items() if user.role is Role.DOCTOR}
    if doctors:
        _write_doctors(session, doctors)
    return ids


def upsert_patients(session: Session, patients: Mapping[str, PatientIn]) -> dict[str, uuid.UUID]:
    """Write patients by their external id; who is there already is brought up to date. Returns the ids."""
    if not patients:
        return {}
    rows = [
        {"external_id": external_id, "name": patient.name, "active": patient.active, "email": patient.email}
        for external_id, patient in sorted(patients.items())
    ]
    upsert = insert(Patient)
    changed = {column: upsert.excluded[column] for column in ("name", "active", "email")}
    upsert = upsert.on_conflict_do_update(
        index_elements=[Patient.external_id], set_={**changed, "updated_at": func.now()}
    )
    session.execute(upsert, rows)
    return dict(
        session.execute(select(Patient.external_id, Patient.id).where(Patient.external_id.in_(patients.keys()))).all()
    )


def search_patients(session: Session, words: str, limit: int) -> Sequence[Patient]:
    """The patients whose names, or external id, have words that begin with each of `words`, at most `limit`.

    Case and accents make no difference. Whoever has just that external id comes first, then the active ones by name.
    Of a text longer than any name, only the beginning counts.
    """
    words = words[:_LONGEST].replace("\0", " ")
    theirs = func.search_words(Patient.name + literal_column("' '") + Patient.external_id)
    return session.scalars(
        select(Patient)
        .where(theirs.bool_op("@@")(text(_ASKED).bindparams(asked=words)))
        .order_by((Patient.external_id == words).desc(), Patient.active.desc(), func.lower(Patient.name), Patient.id)
        .limit(limit)
    ).all()


def _upsert_users(session: Session, users: Mapping[str, UserIn]) -> dict[str, uuid.UUID]:
    rows = [
        {
            "external_id": external_id,
            "name": user.name,
            "email": user.email,
            "role": user.role,
            "active": user.active,
        }
        for external_id, user in sorted(users.items())
    ]
    upsert = insert(User)
    changed = {column: upsert.excluded[column] for column in ("name", "email", "role", "active")}
    upsert = upsert.on_conflict_do_update(index_elements=[User.external_id], set_={**changed, "updated_at": func.now()})
    session.execute(upsert, rows)
    return dict(session.execute(select(User.external_id, User.id).where(User.external_id.in_(users.keys()))).all())


def _write_doctors(session: Session, doctors: Mapping[uuid.UUID, list[str]]) -> None:
    session.execute(insert(Doctor).on_conflict_do_nothing(), [{"id": id_} for id_ in doctors])
    session.execute(delete(DoctorSpecialty).where(DoctorSpecialty.doctor_id.in_(doctors.keys())))
    specialties = [
        {"doctor_id": id_, "specialty": specialty} for id_, named in doctors.items() for specialty in sorted(set(named))
    ]
    if specialties:
        session.execute(insert(DoctorSpecialty), specialties)


def _doctors_no_more(session: Session, users: Mapping[str, UserIn]) -> list[Fault]:
    """Doctors who see patients keep the role: their availabilities and appointments refer to it."""
    changed = [external_id for external_id, user in users.items() if user.role is not Role.DOCTOR]
    held = set(
        session.scalars(
            select(User.external_id)
            .where(User.external_id.in_(changed), User.role == Role.DOCTOR)
            .where(select(Availability.id).where(Availability.doctor_id == User.id).exists())
        )
    )
    return [
        Fault(
            "doctor_has_availabilities",
            "role",
            user.role,
            f"The doctor {external_id!r} has availabilities; withdraw them, or keep the role and set active to false.",
            row,
        )
        for row, (external_id, user) in enumerate(users.items())
        if external_id in held
    ]
