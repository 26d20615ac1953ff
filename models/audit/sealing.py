"""Chaining what the audit has written, so that whoever changes it later is found out."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

MOST = 10_000
"""Entries that one seal holds at most."""


def seal(session: Session, most: int = MOST) -> int:
    """Seal the oldest entries that are not sealed yet, at most so many. Returns how many they were.

    An entry of a transaction that is still at work is sealed later. Two who seal take turns.
    """
    sealed: int = session.scalars(select(func.seal_audit(most))).one()
    return sealed
