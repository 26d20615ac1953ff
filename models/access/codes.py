"""One-time codes: an operator makes one and tells it, and whoever types it is signed in, once."""

import datetime as dt
import secrets
import uuid

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.access.secrets import digest
from models.access.tables import OneTimeCode

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, 1, I and O, which people take for one another. They are 32, so a letter is five bits and a code sixty."""

_LETTERS_OF_A_CODE = 12
_GROUP = 4


def make_code(session: Session, user_id: uuid.UUID, expires_at: dt.datetime, *, sets_password: bool) -> str:
    """Make a code that lets a user sign in once, `K7QF-M2XP-9TRD`. The user's code before it, if any, counts no more.

    `sets_password`: whoever signs in with it has to choose a password before anything else.
    """
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LETTERS_OF_A_CODE))
    made = {"code_sha256": digest(letters), "sets_password": sets_password, "expires_at": expires_at}
    session.execute(
        insert(OneTimeCode)
        .values(user_id=user_id, **made)
        .on_conflict_do_update(index_elements=[OneTimeCode.user_id], set_={**made, "created_at": func.now()})
    )
    return "-".join(letters[at : at + _GROUP] for at in range(0, _LETTERS_OF_A_CODE, _GROUP))


def drop_code(session: Session, user_id: uuid.UUID) -> None:
    """Let the code of a user count no more, if they have one."""
    session.execute(delete(OneTimeCode).where(OneTimeCode.user_id == user_id))


def take_code(session: Session, user_id: uuid.UUID, typed: str, now: dt.datetime) -> OneTimeCode | None:
    """Use up the code of a user, if what was typed is it and it still counts; of two who try, one has it.

    Dashes, spaces and case make no difference. None: it is another's, used, expired, or none at all.
    """
    letters = "".join(typed.split()).replace("-", "").upper()
    return session.scalars(
        delete(OneTimeCode)
        .where(OneTimeCode.user_id == user_id, OneTimeCode.code_sha256 == digest(letters), OneTimeCode.expires_at > now)
        .returning(OneTimeCode)
    ).one_or_none()
