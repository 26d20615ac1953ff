"""Appointments that begin off the hour because a clock has changed: `hour_shifted`, another check's finding."""

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from planner.instants import EPOCH, instant, micros
from workers.validation.schedule.columns import FLAG, ID, INSTANT, instants, read, uuids
from workers.validation.schedule.names import Names
from workers.validation.schedule.telling import Row

_TOLD = """
SELECT appointment.id, coalesce(local_start, 'infinity'),
    local_start IS NOT NULL, coalesce(appointment.timezone = hospital.timezone, FALSE)
FROM appointment JOIN hospital ON hospital.id = hospital_id
WHERE appointment.id = ANY(%(ids)s)
"""


def shifted(session: Session, rows: Sequence[Row], names: Names) -> set[UUID]:
    """Those appointments of hospitals with known clocks of which people were told another time than the clock shows
    now, or that keep another zone than their hospital: what is wrong with them is told by other checks.
    """
    if not rows:
        return set()
    kinds = {"id": ID, "told": INSTANT, "known": FLAG, "same": FLAG}
    found = read(session, kinds, _TOLD, {"ids": [row.id for row in rows]})
    told = zip(instants(found["told"]).tolist(), found["known"].tolist(), found["same"].tolist(), strict=True)
    by_id = dict(zip(uuids(found["id"]), told, strict=True))
    moved = set()
    for row in rows:
        us, known, same = by_id[row.id]
        if not same or (known and us != _shown(row, names)):
            moved.add(row.id)
    return moved


def _shown(row: Row, names: Names) -> int | None:
    """What the hospital's clock shows when the appointment begins, as microseconds; None where it shows nothing."""
    timezone = names.timezone(row.hospital)
    if timezone is None:
        return None
    try:
        return micros(instant(row.begin).astimezone(ZoneInfo(timezone)).replace(tzinfo=EPOCH.tzinfo))
    except OverflowError:
        return None
