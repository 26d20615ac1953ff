"""Accounts: who is meant by a name, and how they prove it, with a password or a one-time code."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.access import codes, passwords, sign_ins, throttle
from models.access.acting import Actor, ActorKind, acting
from models.access.sign_ins import Browser
from models.access.tables import Account, SignInMethod
from models.people import Role, User
from models.session import transaction

MAY_SIGN_IN = frozenset({Role.ADMIN, Role.STAFF, Role.DOCTOR})

NOBODY = uuid.UUID(int=0)
"""No user's id: what is asked of somebody is asked of nobody too, so that both take as long."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many attempts have failed: none is judged before `until`."""

    until: dt.datetime


def sign_in(name: str, typed: str, browser: Browser, now: dt.datetime, lasts: dt.timedelta) -> str | Wait | None:
    """Sign in who is called `name` and has typed their password or their one-time code. Returns the sign-in's secret,
    or None where one of them is wrong.

    Which of them nobody can tell, by the answer or by how long it takes. `name` is an external id or an e-mail address
    in any case. The password is judged outside of any transaction, since that takes long.
    """
    with acting(None), transaction() as session:
        if until := throttle.attempt(session, _as_looked_up(name), browser.address, now):
            return Wait(until)
        user = called(session, name)
        user_id = user.id if user else NOBODY
        stored = _stored(session, user_id)
    right = passwords.is_password(stored, typed)
    renewed = passwords.hashed(typed) if right and stored and passwords.is_outdated(stored) else None
    who = Actor(ActorKind.USER, user.name, user_id, browser.request_id, browser.address) if user else None
    with acting(who), transaction() as session:
        active, method, must_set_password = _lock(session, user_id), SignInMethod.PASSWORD, False
        if not right or _stored(session, user_id) != stored:
            code = codes.take_code(session, user_id, typed, now)
            if code is None:
                return None
            method, must_set_password = SignInMethod.CODE, code.sets_password
        elif renewed:
            _store(session, user_id, renewed)
        if not active:
            return None
        throttle.succeeded(session, _as_looked_up(name))
        return sign_ins.welcome(session, user_id, method, browser, now, lasts, must_set_password=must_set_password)


def set_password(
    user_id: uuid.UUID, old: str | None, new: str, browser: Browser, now: dt.datetime, lasts: dt.timedelta
) -> str | Wait | None:
    """Give a user a new password, end all their sign-ins and begin another. Returns its secret, or None where `old` is
    not the present password.

    `old` None: of who need not tell it, since they have none, or have signed in with a code that sets one.
    """
    with transaction() as session:
        account = _as_looked_up(session.get_one(User, user_id).external_id)
        if old is not None and (until := throttle.attempt(session, account, browser.address, now)):
            return Wait(until)
        stored = _stored(session, user_id)
    if old is not None and not passwords.is_password(stored, old):
        return None
    made = passwords.hashed(new)
    with transaction() as session:
        if not _lock(session, user_id) or _stored(session, user_id) != stored:
            return None
        _store(session, user_id, made)
        throttle.succeeded(session, account)
        codes.drop_code(session, user_id)
        sign_ins.end(session, now, user=user_id)
        return sign_ins.welcome(session, user_id, SignInMethod.PASSWORD, browser, now, lasts)


def has_password(session: Session, user_id: uuid.UUID) -> bool:
    """Whether a user has a password."""
    return _stored(session, user_id) is not None


def called(session: Session, name: str) -> User | None:
    """The active user with this external id or e-mail address, in any case; None: nobody, or more than one."""
    wanted = _as_looked_up(name)
    found = session.scalars(
        select(User).where(
            or_(func.lower(User.external_id) == wanted, func.lower(User.email) == wanted),
            User.active,
            User.role.in_(MAY_SIGN_IN),
        )
    ).all()
    for whose in (
        [user for user in found if user.external_id == name.strip()],
        [user for user in found if user.external_id.lower() == wanted],
        found,
    ):
        if whose:
            return whose[0] if len(whose) == 1 else None
    return None


def _as_looked_up(name: str) -> str:
    return name.strip().lower().replace("\0", "")


def _stored(session: Session, user_id: uuid.UUID) -> str | None:
    return session.scalar(select(Account.password_hash).where(Account.user_id == user_id))


def _store(session: Session, user_id: uuid.UUID, made: str) -> None:
    values = {"password_hash": made, "password_set_at": func.now()}
    session.execute(
        insert(Account)
        .values(user_id=user_id, **values)
        .on_conflict_do_update(index_elements=[Account.user_id], set_=values)
    )


def _lock(session: Session, user_id: uuid.UUID) -> bool:
    """Let nobody else sign a user in, or give them a password, until the transaction ends. False: they are not active
    any more.
    """
    held = select(User.id).where(User.id == user_id, User.active).with_for_update(key_share=True)
    return session.scalar(held) is not None
