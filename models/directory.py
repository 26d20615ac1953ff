"""Keeping the copies of users and patients current (idempotent upserts, whole sets at a time), and finding patients."""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, literal_column, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from models.access.tables import OneTimeCode, SignIn, UserHospital
from models.arrays import among
from models.faults import Fault, Refusal, refuse_if
from models.inputs import PatientIn, UserIn
from models.people import Doctor, DoctorSpecialty, Patient, Role, User
from models.references import as_uuid, find_hospitals, unknown
from models.schedule import Availability

_LONGEST = 200
"""Letters of a name or an external id (`models.inputs.Text`)."""

# Every word that was asked for, as the beginning of a word; none at all matches nobody.
_ASKED = """(
    SELECT string_agg('''' || word || ''':*', ' & ')::tsquery
    FROM unnest(tsvector_to_array(search_words(:asked))) AS word
)"""


def upsert_users(
    session: Session, users: Mapping[str, UserIn], *, may_make_admins: bool = False
) -> dict[str, uuid.UUID]:
    """Write users by their external id; who is there already is brought up to date. Returns the ids.

    Who is active no more is signed out. `may_make_admins`: whether whoever asks may say who is an admin.

    Raises
    ------
    Refused
        where an admin would be made, unmade, locked out or given another address by who may not; where a hospital is
        unknown; where a doctor with availabilities would stop being a doctor.

    """
    if not users:
        return {}
    if not may_make_admins:
        refuse_if(_admins_changed(session, users), Refusal.FORBIDDEN)
    hospitals = _hospitals_of(session, users)
    refuse_if(_doctors_no_more(session, users), Refusal.CLASH)
    former = select(User.id).where(
        User.external_id.in_([external_id for external_id, user in users.items() if user.role is not Role.DOCTOR])
    )
    session.execute(delete(Doctor).where(Doctor.id.in_(former)))
    ids = _upsert_users(session, users)
    doctors = {ids[external_id]: user.specialties for external_id, user in users.items() if user.role is Role.DOCTOR}
    if doctors:
        _write_doctors(session, doctors)
    _write_hospitals(session, {ids[external_id]: theirs for external_id, theirs in hospitals.items()})
    _sign_out(session, [ids[external_id] for external_id, user in users.items() if not user.active])
    return ids


def upsert_patients(session: Session, patients: Mapping[str, PatientIn]) -> dict[str, uuid.UUID]:
    """Write patients by their external id; who is there already is brought up to date. Returns the ids.

    Raises
    ------
    Refused
        where one of them is erased, and is named by what stands in the place of the external id, or by our own id.

    """
    if not patients:
        return {}
    refuse_if(_erased(session, patients), Refusal.CLASH)
    rows = [
        {"external_id": external_id, "name": patient.name, "active": patient.active, "email": patient.email}
        for external_id, patient in sorted(patients.items())
    ]
    upsert = insert(Patient)
    session.execute(_unless_the_same(upsert, Patient, ("name", "active", "email")), rows)
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
        .where(theirs.bool_op("@@")(text(_ASKED).bindparams(asked=words)), Patient.erased_at.is_(None))
        .order_by((Patient.external_id == words).desc(), Patient.active.desc(), func.lower(Patient.name), Patient.id)
        .limit(limit)
    ).all()


def _erased(session: Session, patients: Mapping[str, PatientIn]) -> list[Fault]:
    """Who was erased is not brought back."""
    ids = [id_ for external_id in patients if (id_ := as_uuid(external_id))]
    erased = session.execute(
        select(Patient.id, Patient.external_id).where(
            Patient.erased_at.is_not(None), Patient.external_id.in_(patients.keys()) | among(Patient.id, ids)
        )
    )
    named = {name for row in erased for name in (row.external_id, str(row.id))}
    message = "This patient was erased, which cannot be undone; give another external id."
    return [
        Fault("patient_erased", "external_id", external_id, message, row)
        for row, external_id in enumerate(patients)
        if external_id in named or external_id.lower() in named
    ]


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
    session.execute(_unless_the_same(upsert, User, ("name", "email", "role", "active")), rows)
    return dict(session.execute(select(User.external_id, User.id).where(User.external_id.in_(users.keys()))).all())


def _unless_the_same(upsert: Insert, table: type[User | Patient], columns: Sequence[str]) -> Insert:
    """Bring rows up to date that are other than they were; the rest are not touched, so a change is told as one."""
    sent = {column: upsert.excluded[column] for column in columns}
    stands = table.__table__.c
    return upsert.on_conflict_do_update(
        index_elements=[stands.external_id],
        set_={**sent, "updated_at": func.now()},
        where=or_(*(stands[column].is_distinct_from(value) for column, value in sent.items())),
    )


def _write_doctors(session: Session, doctors: Mapping[uuid.UUID, list[str]]) -> None:
    session.execute(insert(Doctor).on_conflict_do_nothing(), [{"id": id_} for id_ in doctors])
    session.execute(delete(DoctorSpecialty).where(DoctorSpecialty.doctor_id.in_(doctors.keys())))
    specialties = [
        {"doctor_id": id_, "specialty": specialty} for id_, named in doctors.items() for specialty in sorted(set(named))
    ]
    if specialties:
        session.execute(insert(DoctorSpecialty), specialties)


def _hospitals_of(session: Session, users: Mapping[str, UserIn]) -> dict[str, set[uuid.UUID]]:
    """The ids of the hospitals where each of them acts; raises Refused where one is unknown."""
    found = find_hospitals(session, {reference for user in users.values() for reference in user.hospitals})
    refuse_if(
        unknown("hospital", f"hospitals[{place}]", reference, row)
        for row, user in enumerate(users.values())
        for place, reference in enumerate(user.hospitals)
        if reference not in found
    )
    return {external_id: {found[each].id for each in user.hospitals} for external_id, user in users.items()}


def _write_hospitals(session: Session, hospitals: Mapping[uuid.UUID, set[uuid.UUID]]) -> None:
    """Only what is other than it was is written, so that a change is told as one (see `models.audit`)."""
    rows = session.scalars(select(UserHospital).where(UserHospital.user_id.in_(hospitals)))
    standing = {(row.user_id, row.hospital_id) for row in rows}
    wanted = {(user, hospital) for user, theirs in hospitals.items() for hospital in theirs}
    if gone := standing - wanted:
        pair = tuple_(UserHospital.user_id, UserHospital.hospital_id)
        session.execute(delete(UserHospital).where(pair.in_(sorted(gone))))
    if new := wanted - standing:
        added = [{"user_id": user, "hospital_id": hospital} for user, hospital in sorted(new)]
        session.execute(insert(UserHospital).on_conflict_do_nothing(), added)


def _sign_out(session: Session, gone: Sequence[uuid.UUID]) -> None:
    """End the sign-ins of those who are active no more, and their codes: they count no more if they come back."""
    if gone:
        open_ = SignIn.user_id.in_(gone), SignIn.ended_at.is_(None)
        session.execute(update(SignIn).where(*open_).values(ended_at=func.now()))
        session.execute(delete(OneTimeCode).where(OneTimeCode.user_id.in_(gone)))


def _admins_changed(session: Session, users: Mapping[str, UserIn]) -> list[Fault]:
    """Who would become an admin, stop being one, be locked out, or be signed in by another's address.

    The rows are locked until the transaction ends, so that nobody becomes an admin meanwhile.
    """
    standing = select(User).where(User.external_id.in_(users)).order_by(User.external_id).with_for_update()
    known = {user.external_id: user for user in session.scalars(standing.execution_options(populate_existing=True))}
    faults = []
    for row, (external_id, user) in enumerate(users.items()):
        was = known.get(external_id)
        if Role.ADMIN not in (user.role, was and was.role):
            continue
        changed = [
            name for name in ("role", "email", "active") if was is None or getattr(was, name) != getattr(user, name)
        ]
        if changed:
            message = (
                f"The {changed[0]} of the admin {external_id!r} is changed by an admin, or with a token that has the "
                "scope access:write; leave it as it is, or ask one."
            )
            faults.append(Fault("may_not_make_admins", changed[0], getattr(user, changed[0]), message, row))
    return faults


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
