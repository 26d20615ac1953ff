"""Sign-ins: begun, ended, and forgotten."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.orm import Session

from models.access.secrets import digest, new_secret
from models.access.tables import SignIn, SignInMethod

_LONGEST_BROWSER = 200  # letters that are kept of what a browser says it is


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in from: an address, what the browser says it is, the request, and the sign-in before."""

    address: str | None = None
    name: str | None = None
    request_id: str | None = None
    sign_in: uuid.UUID | None = None


def welcome(
    session: Session,
    user_id: uuid.UUID,
    method: SignInMethod,
    browser: Browser,
    now: dt.datetime,
    lasts: dt.timedelta,
    *,
    must_set_password: bool = False,
) -> str:
    """Sign somebody in at a browser, whose sign-in before ends. Returns the secret, always a new one: what somebody may
    have put into the browser before is worth nothing.
    """
    if browser.sign_in:
        end(session, now, sign_in=browser.sign_in)
    return begin(
        session,
        user_id,
        method,
        now + lasts,
        must_set_password=must_set_password,
        address=browser.address,
        browser=browser.name,
    )


def begin(
    session: Session,
    user_id: uuid.UUID,
    method: SignInMethod,
    expires_at: dt.datetime,
    *,
    must_set_password: bool = False,
    address: str | None = None,
    browser: str | None = None,
) -> str:
    """Sign somebody in who has proved who they are. Returns the secret, which is told once and is always a new one."""
    secret = new_secret()
    session.execute(
        insert(SignIn).values(
            user_id=user_id,
            secret_sha256=digest(secret),
            method=method,
            must_set_password=must_set_password,
            address=address,
            browser=browser and browser[:_LONGEST_BROWSER],
            expires_at=expires_at,
        )
    )
    return secret


def list_open(session: Session, user_id: uuid.UUID, now: dt.datetime, idle: dt.timedelta) -> list[SignIn]:
    """The sign-ins of a user that hold, the one that was seen last first."""
    theirs = select(SignIn).where(SignIn.user_id == user_id, holds(now, idle))
    return list(session.scalars(theirs.order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())))


def holds(now: dt.datetime, idle: dt.timedelta) -> ColumnElement[bool]:
    """Whether a sign-in counts: not ended, not expired, and seen within `idle`."""
    return and_(SignIn.ended_at.is_(None), SignIn.expires_at > now, SignIn.last_seen_at > now - idle)


def end(session: Session, now: dt.datetime, *, sign_in: uuid.UUID | None = None, user: uuid.UUID | None = None) -> int:
    """End one sign-in, or all those of a user. Returns how many were ended."""
    ending = update(SignIn).where(SignIn.ended_at.is_(None)).values(ended_at=now).returning(SignIn.id)
    if sign_in is not None:
        ending = ending.where(SignIn.id == sign_in)
    if user is not None:
        ending = ending.where(SignIn.user_id == user)
    return len(session.scalars(ending).all())
