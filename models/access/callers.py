"""Callers: who somebody is that shows the secret of a sign-in or of a token, and where they act."""

import datetime as dt
import uuid
from dataclasses import dataclass, field

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from models.access.acting import Actor, ActorKind
from models.access.scopes import Scope
from models.access.secrets import digest
from models.access.sign_ins import holds
from models.access.tables import AccessToken, AccessTokenHospital, SignIn, UserHospital
from models.people import Role, User
from models.schedule import Availability

NOTED_EVERY = dt.timedelta(minutes=1)
"""When somebody was last seen, and a token last used, is written at most so often."""

TOKEN_PREFIX = "slw_"  # noqa: S105
"""How every access token begins, so that people and scanners know one that leaked."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `role` is a user's (None: a token), `scopes` are a token's; `hospitals` None: everywhere."""

    id: uuid.UUID
    name: str
    role: Role | None
    scopes: frozenset[Scope] = frozenset()
    hospitals: frozenset[uuid.UUID] | None = field(default_factory=frozenset)
    sign_in: uuid.UUID | None = None
    must_set_password: bool = False

    def actor(self, request_id: str | None = None, address: str | None = None) -> Actor:
        """How the audit tells of the caller."""
        kind = ActorKind.TOKEN if self.role is None else ActorKind.USER
        return Actor(kind, self.name, self.id, request_id, address)


def signed_in(session: Session, secret: str, now: dt.datetime, idle: dt.timedelta, *, active: bool) -> Caller | None:
    """Who has the secret of a sign-in that holds (`models.access.sign_ins`), of an active user.

    `active`: whether somebody did something just now, rather than a page by itself.
    """
    found = session.execute(
        select(SignIn, User)
        .join(User, User.id == SignIn.user_id)
        .where(SignIn.secret_sha256 == digest(secret), holds(now, idle), User.active)
    ).one_or_none()
    if found is None:
        return None
    sign_in, user = found
    if active and sign_in.last_seen_at < now - NOTED_EVERY:
        session.execute(update(SignIn).where(SignIn.id == sign_in.id).values(last_seen_at=now))
    return Caller(
        id=user.id,
        name=user.name,
        role=user.role,
        hospitals=hospitals_of(session, user.id, user.role),
        sign_in=sign_in.id,
        must_set_password=sign_in.must_set_password,
    )


def with_token(session: Session, secret: str, now: dt.datetime) -> Caller | None:
    """Who has the secret of an access token that is neither revoked nor expired."""
    token = session.scalar(
        select(AccessToken).where(
            AccessToken.secret_sha256 == digest(secret),
            AccessToken.revoked_at.is_(None),
            or_(AccessToken.expires_at.is_(None), AccessToken.expires_at > now),
        )
    )
    if token is None:
        return None
    if token.last_used_at is None or token.last_used_at < now - NOTED_EVERY:
        session.execute(update(AccessToken).where(AccessToken.id == token.id).values(last_used_at=now))
    theirs = select(AccessTokenHospital.hospital_id).where(AccessTokenHospital.token_id == token.id)
    return Caller(
        id=token.id,
        name=token.name,
        role=None,
        scopes=frozenset(Scope(each) for each in token.scopes if each in set(Scope)),
        hospitals=None if token.everywhere else frozenset(session.scalars(theirs)),
    )


def hospitals_of(session: Session, user_id: uuid.UUID, role: Role) -> frozenset[uuid.UUID] | None:
    """Where a user acts: an admin everywhere (None), staff where they were put, a doctor where they are available."""
    match role:
        case Role.ADMIN:
            return None
        case Role.DOCTOR:
            rows = select(Availability.hospital_id).where(Availability.doctor_id == user_id).distinct()
        case _:
            rows = select(UserHospital.hospital_id).where(UserHospital.user_id == user_id)
    return frozenset(session.scalars(rows))
