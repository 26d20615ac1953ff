"""Which hospital a page is about: the one in its address, or else the one that this browser looked at last."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.named import gone
from api.web.rendering import query
from models.hospitals import Hospital

COOKIE = "hospital"

_A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Choice:
    """All hospitals by name, and the one that is looked at; None where there is no hospital at all."""

    all: Sequence[Hospital]
    chosen: Hospital | None

    @property
    def zone(self) -> ZoneInfo:
        """The clock of the chosen one; UTC where there is none."""
        return ZoneInfo(self.chosen.timezone if self.chosen else "UTC")


def choose(session: Session, request: Request, reference: str | None) -> Choice:
    """The choice of a page whose address names a hospital by its `external_id` or `id`, or names none.

    Raises
    ------
    Refused
        where the address names a hospital that does not exist.

    """
    hospitals = session.scalars(select(Hospital).order_by(Hospital.name, Hospital.id)).all()
    if reference:
        named = _find(hospitals, reference)
        if named is None:
            raise gone("hospital", reference)
        return Choice(hospitals, named)
    last = _find(hospitals, request.cookies.get(COOKIE, ""))
    return Choice(hospitals, last or (hospitals[0] if hospitals else None))


def remember(response: Response, choice: Choice) -> None:
    """Let this browser begin with the chosen hospital next time."""
    if choice.chosen:
        response.set_cookie(COOKIE, str(choice.chosen.id), max_age=_A_YEAR, path="/app", httponly=True, samesite="lax")


def schedule_on(hospital: str, date: dt.date) -> str:
    """The address of a hospital's schedule on a local date."""
    return f"/app/schedule{query({'hospital': hospital, 'date': str(date)})}"


def _find(hospitals: Sequence[Hospital], reference: str) -> Hospital | None:
    by_external_id = {hospital.external_id: hospital for hospital in hospitals}
    by_id = {hospital.id: hospital for hospital in hospitals}
    try:
        return by_external_id.get(reference) or by_id.get(uuid.UUID(reference))
    except ValueError:
        return None
