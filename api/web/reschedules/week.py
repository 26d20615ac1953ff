"""A hospital's weekly hours as people type them: `09:00-13:00, 14:00-18:00` for a day, nothing for a closed one."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.web.forms import Faults, add
from api.web.words import t
from models.hospitals import MINUTES_OF_A_DAY, OperatingHours
from models.inputs import Weekday

DAYS = tuple(Weekday)

_PERIOD = re.compile(r"(\d{1,2})[:.](\d\d)\s*[-\u2013]\s*(\d{1,2})[:.](\d\d)")


def typed_week(session: Session, hospital: uuid.UUID) -> dict[str, str]:
    """The hours that a hospital keeps now, as they would be typed, by weekday."""
    rows = session.scalars(select(OperatingHours).where(OperatingHours.hospital_id == hospital))
    kept = {row.weekday: row.hours for row in rows}
    return {
        day.value: ", ".join(f"{_clock(span.lower)}\u2013{_clock(span.upper)}" for span in kept.get(day.number, ()))
        for day in DAYS
    }


def read_week(typed: Mapping[str, str], faults: Faults) -> dict[str, list[dict[str, str]]]:
    """What was typed as `models.inputs.WeekHours` takes it. What is no period is added to `faults`, by weekday."""
    week: dict[str, list[dict[str, str]]] = {}
    for day in DAYS:
        parts = [part.strip() for part in re.split(r"[,;]", typed.get(day.value, "")) if part.strip()]
        found = [_PERIOD.fullmatch(part) for part in parts]
        for part, match in zip(parts, found, strict=True):
            if match is None:
                add(faults, day.value, t("reschedules-not-hours", text=part))
        week[day.value] = [_period(match) for match in found if match]
    return week


def _period(match: re.Match[str]) -> dict[str, str]:
    opens, opens_minutes, closes, closes_minutes = match.groups()
    return {"opens": f"{opens:0>2}:{opens_minutes}", "closes": f"{closes:0>2}:{closes_minutes}"}


def _clock(minutes: Any) -> str:  # Any: a bound of a stored range, which is never open
    """09:00; 24:00 for the end of the day, 02:00 for a time of the next."""
    shown = minutes if minutes <= MINUTES_OF_A_DAY else minutes - MINUTES_OF_A_DAY
    return f"{shown // 60:02}:{shown % 60:02}"
