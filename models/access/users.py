"""The users as those see them who say who may sign in: how they do, where they act, and when they were last here."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.access.accounts import MAY_SIGN_IN
from models.access.sign_ins import holds
from models.access.tables import Account, OidcIdentity, OneTimeCode, SignIn, UserHospital
from models.hospitals import Hospital
from models.inputs import UserIn
from models.people import DoctorSpecialty, Role, User
from models.references import as_uuid


@dataclass(frozen=True, slots=True)
class Listed:
    """A user who may sign in.

    `ways`: those that they have of signing in (`password`, `provider`, `code`); none: nobody has given them one.
    `sign_ins`: how many of theirs hold. `last_seen`: None where they never signed in.
    """

    user: User
    hospitals: tuple[Hospital, ...]
    ways: tuple[str, ...]
    sign_ins: int
    last_seen: dt.datetime | None


def list_users(session: Session, now: dt.datetime, idle: dt.timedelta, role: Role | None = None) -> list[Listed]:
    """The active users whose role lets them sign in, or those of one role, by name."""
    roles = MAY_SIGN_IN if role is None else {role} & MAY_SIGN_IN
    users = session.scalars(
        select(User).where(User.active, User.role.in_(roles)).order_by(func.lower(User.name), User.id)
    ).all()
    hospitals: dict[uuid.UUID, list[Hospital]] = defaultdict(list)
    places = select(UserHospital.user_id, Hospital).join(Hospital, Hospital.id == UserHospital.hospital_id)
    for user_id, hospital in session.execute(places.order_by(Hospital.name, Hospital.id)):
        hospitals[user_id].append(hospital)
    ways = _ways(session, now)
    seen = {
        row.user_id: (row.sign_ins, row.last_seen)
        for row in session.execute(
            select(
                SignIn.user_id,
                func.count().filter(holds(now, idle)).label("sign_ins"),
                func.max(SignIn.last_seen_at).label("last_seen"),
            ).group_by(SignIn.user_id)
        )
    }
    return [
        Listed(user, tuple(hospitals[user.id]), tuple(ways[user.id]), *seen.get(user.id, (0, None))) for user in users
    ]


def find_user(session: Session, reference: str) -> User | None:
    """The user of this external id, or of this id of ours."""
    named = select(User).where(or_(User.external_id == reference, User.id == as_uuid(reference)))
    # Where an external id looks like another's id, the external id is what was meant.
    return session.scalars(named.order_by((User.external_id == reference).desc()).limit(1)).one_or_none()


def as_written(session: Session, user: User) -> UserIn:
    """A user as who writes them (`models.directory.upsert_users`) would write them to change nothing."""
    specialties = select(DoctorSpecialty.specialty).where(DoctorSpecialty.doctor_id == user.id)
    hospitals = select(UserHospital.hospital_id).where(UserHospital.user_id == user.id)
    return UserIn(
        name=user.name,
        email=user.email,
        role=user.role,
        specialties=list(session.scalars(specialties)),
        hospitals=[str(each) for each in session.scalars(hospitals)],
        active=user.active,
    )


def has_admin(session: Session) -> bool:
    """Whether there is an admin who has a way of signing in."""
    ways = (Account, OidcIdentity, OneTimeCode)
    theirs = or_(*(select(way.user_id).where(way.user_id == User.id).exists() for way in ways))
    return bool(session.scalar(select(select(User).where(User.active, User.role == Role.ADMIN, theirs).exists())))


def _ways(session: Session, now: dt.datetime) -> dict[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    each: Sequence[tuple[str, Sequence[uuid.UUID]]] = (
        ("password", session.scalars(select(Account.user_id).where(Account.password_hash.is_not(None))).all()),
        ("provider", session.scalars(select(OidcIdentity.user_id).distinct()).all()),
        ("code", session.scalars(select(OneTimeCode.user_id).where(OneTimeCode.expires_at > now)).all()),
    )
    for way, users in each:
        for user_id in users:
            found[user_id].append(way)
    return found
