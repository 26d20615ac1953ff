"""What dialogs are about, as they tell it: a doctor at a hospital, an hour of theirs, a time to be typed."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query
from sqlalchemy.orm import Session

from api.named import HospitalName, PersonName, Reference, doctor_filter, hospital_names, the_hospital, user_names
from api.times import local
from api.web import clocks
from api.web.forms import Sent, first
from api.web.words import t
from planner.problem import HOUR

AskedDoctor = Annotated[Reference, Query()]
AskedHospital = Annotated[Reference, Query()]


@dataclass(frozen=True, slots=True)
class Place:
    """A doctor at a hospital."""

    doctor: PersonName
    hospital: HospitalName

    @property
    def zone(self) -> ZoneInfo:
        """The hospital's clock."""
        return ZoneInfo(self.hospital.timezone)

    def period(self, start: dt.datetime, end: dt.datetime) -> str:
        """Tuesday 12 January 2027, 10:00 to 13:00, with the other date where it ends on another."""
        first, last = (instant.astimezone(self.zone).date() for instant in (start, end - dt.timedelta.resolution))
        if first == last:
            return f"{clocks.day(first)}, {clocks.span(start, end, self.zone)}"
        return t("dialogs-over-days", start=clocks.when(start, self.zone), end=clocks.when(end, self.zone))

    def clock_told(self, instant: dt.datetime) -> str:
        """Whose clock the times are by: Lisbon time, UTC+0."""
        return t("dialogs-clock", place=clocks.place(self.zone), offset=clocks.offset(instant, self.zone))


@dataclass(frozen=True, slots=True)
class Hour:
    """The hour of a doctor at a hospital that begins at `start`."""

    place: Place
    start: dt.datetime

    @property
    def instant(self) -> str:
        """The start as a form sends it, in RFC 3339."""
        return local(self.start, self.place.zone)

    @property
    def told(self) -> str:
        """Tuesday 12 January 2027, 10:00 to 11:00."""
        return self.place.period(self.start, self.start + HOUR)

    @property
    def short(self) -> str:
        """Tue 12 Jan 2027, 10:00."""
        return clocks.when(self.start, self.place.zone)


def the_place(session: Session, doctor: str, hospital: str) -> Place:
    """The doctor and the hospital that references name.

    Raises
    ------
    Refused
        where there is no such doctor or hospital.

    """
    (doctor_id,) = doctor_filter(session, [doctor])
    hospital_id = the_hospital(session, hospital).id
    return Place(user_names(session, [doctor_id])[doctor_id], hospital_names(session, [hospital_id])[hospital_id])


def seen_version(sent: Sent) -> int:
    """The version that a form was made from, as `If-Match` is for the API; one that no row has where it is missing."""
    text = first(sent, "version") or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
