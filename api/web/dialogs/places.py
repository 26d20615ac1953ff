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
from api.web.forms import Faults, Sent, first, read
from api.web.words import t
from models.faults import Fault, Refusal, Refused
from models.inputs import ExactHour
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


@dataclass(frozen=True, slots=True)
class TypedTime:
    """What a field for a local time holds. `fold` says which of two equal times it is, where there are two."""

    value: str = ""
    twice: bool = False
    fold: str = ""

    @classmethod
    def at(cls, instant: dt.datetime, zone: ZoneInfo) -> "TypedTime":
        """The field for an instant."""
        both = clocks.instants(instant.astimezone(zone).replace(tzinfo=None, fold=0), zone)
        fold = str(both.index(instant.astimezone(dt.UTC))) if len(both) > 1 else ""
        return cls(clocks.as_input(instant, zone), len(both) > 1, fold)

    @classmethod
    def as_sent(cls, sent: Sent, name: str, zone: ZoneInfo) -> "TypedTime":
        """The field as somebody filled it in."""
        value, fold = first(sent, name) or "", first(sent, f"{name}_fold") or ""
        try:
            both = clocks.instants(dt.datetime.fromisoformat(value).replace(tzinfo=None), zone)
        except (ValueError, OverflowError):
            both = []
        return cls(value, len(both) > 1, fold)


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


def sent_hour(sent: Sent) -> ExactHour:
    """The hour that a button sends.

    Raises
    ------
    Refused
        where it is none; no button of ours sends that.

    """
    faults: Faults = {}
    hour = read(ExactHour, {name: first(sent, name) for name in ("doctor", "hospital", "start")}, faults)
    if hour is None:
        raise Refused(Refusal.INVALID, [Fault("invalid_value", name, None, said[0]) for name, said in faults.items()])
    return hour


def seen_version(sent: Sent) -> int:
    """The version that a form was made from, as `If-Match` is for the API; one that no row has where it is missing."""
    text = first(sent, "version") or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
