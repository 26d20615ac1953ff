"""Access tokens: made, listed, revoked."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.orm import Session

from models.access.callers import TOKEN_PREFIX
from models.access.scopes import Scope
from models.access.secrets import digest, new_secret
from models.access.tables import AccessToken, AccessTokenHospital
from models.hospitals import Hospital
from models.references import as_uuid

_SHOWN = len(TOKEN_PREFIX) + 6  # letters by which people tell a token from others


@dataclass(frozen=True, slots=True)
class Listed:
    """A token and the hospitals where it acts, by their names; none: everywhere (see `AccessToken.everywhere`)."""

    token: AccessToken
    hospitals: tuple[Hospital, ...]

    def status(self, now: dt.datetime) -> str:
        """`revoked`, `expired` or `active`."""
        if self.token.revoked_at is not None:
            return "revoked"
        return "active" if self.token.expires_at is None or self.token.expires_at > now else "expired"


def make_token(
    session: Session,
    name: str,
    scopes: Collection[Scope],
    *,
    hospitals: Collection[uuid.UUID] | None = None,
    expires_at: dt.datetime | None = None,
) -> tuple[AccessToken, str]:
    """Make a token for a system. Returns it and its secret, which nobody is told again.

    `hospitals`: the ids of those where it acts; None: everywhere. `expires_at` None: never.
    """
    secret = new_secret(TOKEN_PREFIX)
    made = session.scalars(
        insert(AccessToken)
        .values(
            name=name,
            prefix=secret[:_SHOWN],
            secret_sha256=digest(secret),
            scopes=sorted(scopes),
            everywhere=hospitals is None,
            expires_at=expires_at,
        )
        .returning(AccessToken)
    ).one()
    if hospitals:
        rows = [{"token_id": made.id, "hospital_id": each} for each in sorted(hospitals)]
        session.execute(insert(AccessTokenHospital), rows)
    return made, secret


def list_tokens(session: Session, *, revoked: bool = False) -> Sequence[Listed]:
    """The tokens, the newest first. `revoked`: those that were revoked too."""
    tokens = select(AccessToken).order_by(AccessToken.id.desc())
    return _listed(
        session, session.scalars(tokens if revoked else tokens.where(AccessToken.revoked_at.is_(None))).all()
    )


def find_tokens(session: Session, which: str) -> Sequence[Listed]:
    """The tokens that are not revoked and have this id, these first letters or this name; names may be shared."""
    theirs = or_(AccessToken.id == as_uuid(which), AccessToken.prefix == which, AccessToken.name == which)
    rows = select(AccessToken).where(theirs, AccessToken.revoked_at.is_(None)).order_by(AccessToken.id)
    return _listed(session, session.scalars(rows).all())


def revoke_token(session: Session, token_id: uuid.UUID, now: dt.datetime) -> bool:
    """Let a token count no more, from now on and for good. False: it did not anyway, or there is none."""
    return _revoke(session, AccessToken.id == token_id, now)


def revoke_secret(session: Session, secret: str, now: dt.datetime) -> bool:
    """The same for the token that has this secret."""
    return _revoke(session, AccessToken.secret_sha256 == digest(secret), now)


def _revoke(session: Session, which: ColumnElement[bool], now: dt.datetime) -> bool:
    # Our clock may be behind the database's, by which tokens are made.
    at = func.greatest(now, AccessToken.created_at)
    ended = update(AccessToken).where(which, AccessToken.revoked_at.is_(None)).values(revoked_at=at)
    return session.scalar(ended.returning(AccessToken.id)) is not None


def _listed(session: Session, tokens: Sequence[AccessToken]) -> list[Listed]:
    hospitals = defaultdict(list)
    for token_id, hospital in session.execute(
        select(AccessTokenHospital.token_id, Hospital)
        .join(Hospital, Hospital.id == AccessTokenHospital.hospital_id)
        .where(AccessTokenHospital.token_id.in_([token.id for token in tokens]))
        .order_by(Hospital.name)
    ):
        hospitals[token_id].append(hospital)
    return [Listed(token, tuple(hospitals[token.id])) for token in tokens]
