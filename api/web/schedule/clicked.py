"""Where a click on the grid leads: to the hour that can be booked, the availability that is there, or a new one.

The server decides, by what is true when the click arrives: the grid may be a moment old.
"""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.schedule_view import Day, Wanted, columns, read_rows, within
from api.times import local
from api.web.rendering import query
from models.hospitals import Hospital
from planner.problem import HOUR


def leads_to(
    session: Session, hospital: Hospital, doctor: uuid.UUID, start: dt.datetime, end: dt.datetime, now: dt.datetime
) -> str | None:
    """The address of the dialog for `[start, end)` of a doctor's column; None where the hospital is closed.

    A longer period than an hour was dragged over, and so is meant as a new availability.
    """
    zone = ZoneInfo(hospital.timezone)
    period = Day(start.astimezone(zone).date(), start, end, None)
    rows = read_rows(session, hospital.id, [period], Wanted([doctor]))
    (column,) = columns(rows, zone, [period], now)
    here = {"doctor": str(doctor), "hospital": str(hospital.id)}
    if end - start <= HOUR and column.free:
        return "/app/dialogs/book" + query(here | {"start": local(column.free[0], zone)})
    if end - start <= HOUR and column.availabilities:
        return f"/app/dialogs/availabilities/{column.availabilities[0].id}"
    opening = next(within(rows.openings, period), None)
    if opening is None:
        return None
    first, last = (local(each, zone) for each in opening)
    return "/app/dialogs/availability/new" + query(here | {"start": first, "end": last})
