"""A booking request in words: whom and where it asks for, when, how it stands and what came of it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.appointment_view import AppointmentOut
from api.booking_request_view import BookingRequestOut
from api.web import clocks, hospitals
from api.web.words import t
from models.booking import JsonObject, RequestStatus
from models.hospitals import Hospital

UNDECIDED = (RequestStatus.QUEUED, RequestStatus.PLANNING)


@dataclass(frozen=True)
class Told:
    """A request, and the words for it.

    `timezones` are those of all hospitals, by id; `house` is the clock for a request that concerns none in particular.
    """

    request: BookingRequestOut
    timezones: Mapping[str, str]
    house: ZoneInfo
    now: dt.datetime

    @cached_property
    def zone(self) -> ZoneInfo:
        """The clock that the wish is told by: that of its hospitals, or of where it ended."""
        zones = {hospital.timezone for hospital in self.request.hospitals or ()}
        if len(zones) == 1:
            return ZoneInfo(zones.pop())
        if self.request.appointment:
            return ZoneInfo(self.request.appointment.hospital.timezone)
        concerned = self.timezones.get(_first_hospital(self.request.conflict.facts)) if self.request.conflict else None
        return ZoneInfo(concerned) if concerned else self.house

    @property
    def place(self) -> str:
        """What that clock is called."""
        return clocks.place(self.zone)

    @property
    def undecided(self) -> bool:
        """Whether it is still to be decided."""
        return self.request.status in UNDECIDED

    @property
    def whom(self) -> str:
        """The doctors it asks for, best first."""
        specialty, doctors = self.request.specialty, self.request.doctors
        if doctors is None:
            return t("requests-any-of-specialty", specialty=specialty) if specialty else t("requests-any-doctor")
        names = [doctor.name for doctor in doctors]
        told = names[0]
        if len(names) == 2:
            told = t("requests-two-doctors", first=names[0], second=names[1])
        if len(names) > 2:
            told = t("requests-several-doctors", first=names[0], count=len(names) - 1)
        return t("requests-if-specialty", doctors=told, specialty=specialty) if specialty else told

    @property
    def where(self) -> str:
        """The hospitals it asks for."""
        names = [hospital.name for hospital in self.request.hospitals or ()]
        if not names:
            return t("requests-any-hospital")
        return names[0] if len(names) == 1 else t("requests-several-hospitals", first=names[0], count=len(names) - 1)

    @property
    def window(self) -> str:
        """From when to when, by its clock; the day once where it is one."""
        earliest, latest = self.instant(self.request.earliest), self.instant(self.request.latest)
        first, last = (each.astimezone(self.zone).date() for each in (earliest, latest))
        if first == last:
            return f"{clocks.short_day(first)}, {clocks.span(earliest, latest, self.zone)}"
        start = f"{clocks.short_day(first)}, {clocks.clock(earliest, self.zone)}"
        end = f"{clocks.short_day(last)}, {clocks.clock(latest, self.zone)}"
        return f"{start} – {end}"  # noqa: RUF001  # an en dash is what a span is written with

    @property
    def preferred(self) -> str | None:
        """The time it should be near."""
        return clocks.when(self.instant(self.request.preferred), self.zone) if self.request.preferred else None

    @property
    def age(self) -> str:
        """When it was decided or, while it is not, queued."""
        if self.request.decided_at:
            return clocks.ago(self.instant(self.request.decided_at), self.now)
        return clocks.ago(self.instant(self.request.created_at), self.now)

    @property
    def seconds(self) -> str | None:
        """How long it took to be decided."""
        if self.request.decided_at is None:
            return None
        took = self.instant(self.request.decided_at) - self.instant(self.request.created_at)
        return clocks.lasting(took.total_seconds())

    @property
    def reason(self) -> str:
        """Why there is no booking, in a few words; empty where there is one, or may still be."""
        if self.request.conflict:
            return t(f"common-kind-{self.request.conflict.kind.replace('_', '-')}")
        return self.request.failure or ""

    @property
    def hour(self) -> str:
        """The hour that is booked, by its hospital's clock; empty where none is."""
        booked = self.request.appointment
        return hour(booked) if booked else ""

    @property
    def schedule(self) -> str:
        """The address of the schedule on the day of the booked hour."""
        booked = self.request.appointment
        if booked is None:
            return "/app/schedule"
        return hospitals.schedule_on(booked.hospital.external_id, dt.datetime.fromisoformat(booked.start).date())

    @staticmethod
    def instant(text: str) -> dt.datetime:
        """An instant as answers write it."""
        return dt.datetime.fromisoformat(text)


def timezones(session: Session) -> dict[str, str]:
    """The time zones of all hospitals, by id."""
    return {str(id_): name for id_, name in session.execute(select(Hospital.id, Hospital.timezone))}


def _first_hospital(facts: JsonObject) -> str:
    """The hospital by whose clock the message of a conflict speaks (see `planner.wording`)."""
    named = facts.get("hospitals") or sorted(
        each["hospital"] for key in ("appointments", "winners", "moved") for each in facts.get(key, ())
    )
    return str(named[0]) if named else ""


def hour(appointment: AppointmentOut) -> str:
    """Tue 12 Jan 2027, 10:00, by the clock of the appointment's hospital."""
    return clocks.when(dt.datetime.fromisoformat(appointment.start), ZoneInfo(appointment.hospital.timezone))
