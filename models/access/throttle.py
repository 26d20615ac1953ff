"""How often somebody may try to sign in: so that passwords cannot be guessed, in parallel neither.

An attempt is counted before it is judged, under a lock, and counts as failed until it is known to be right. So however
many come at once, no more than so many are ever judged.
"""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.orm import Session

from models.access.networks import network_of
from models.access.secrets import digest
from models.access.tables import SignInFailure

WINDOW = dt.timedelta(minutes=15)
OF_ACCOUNT = 5
OF_ADDRESS = 30
"""Failures within the window that are borne, of a name and of an address; what follows has to wait."""


def attempt(session: Session, account: str, address: str | None, now: dt.datetime) -> dt.datetime | None:
    """Count an attempt at an account as one that failed. Returns until when nothing is tried at all; None: go on.

    `account` is the name as it is looked up, whether or not anybody has it: who is refused learns nothing from it. An
    attempt that has to wait is not counted, so that waiting ends.
    """
    of_account, of_address = digest(account), network_of(address)
    _lock(session, (of_account, digest(of_address)))
    waits = [
        _full_until(session, SignInFailure.account_sha256 == of_account, OF_ACCOUNT, now),
        _full_until(session, SignInFailure.address == of_address, OF_ADDRESS, now),
    ]
    until = max((each for each in waits if each), default=None)
    if until is None:
        session.execute(insert(SignInFailure).values(account_sha256=of_account, address=of_address, at=now))
    return until


def succeeded(session: Session, account: str) -> None:
    """Forget the failures of an account: whose it is has signed in."""
    session.execute(delete(SignInFailure).where(SignInFailure.account_sha256 == digest(account)))


def _full_until(session: Session, whose: ColumnElement[bool], most: int, now: dt.datetime) -> dt.datetime | None:
    """Until when there are `most` failures in the window; None: there are fewer."""
    latest = select(SignInFailure.at).where(whose, SignInFailure.at > now - WINDOW).order_by(SignInFailure.at.desc())
    oldest_of_them = session.scalar(latest.offset(most - 1).limit(1))
    return oldest_of_them + WINDOW if oldest_of_them else None


def _lock(session: Session, digests: Iterable[bytes]) -> None:
    """Let nobody else count the same until the transaction ends. In one order, so that nobody waits for one another."""
    for key in sorted(int.from_bytes(each[:8], "big", signed=True) for each in digests):
        session.execute(select(func.pg_advisory_xact_lock(key)))
