"""What a conflict says to a person, in plain English sentences.

Ids are told through `Wording.name`, because in the product they are UUIDs and a reader knows names. No sentence tells
who another patient is: other requests appear by their id alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from planner.plan import Alternative, ConflictKind
from planner.problem import Problem, Request

Name = Callable[[str, str], str]
"""From a kind ("doctor", "hospital", "request" or "appointment") and an id to what a reader calls it."""

Facts = Mapping[str, Any]  # JSON values; their shapes are in docs/planning-problem.md

MOST_NAMED = 3
"""How many of a long list a sentence names before it counts the rest. The facts name all."""


def the_id(_kind: str, id_: str) -> str:
    """The name of something nobody has named: its id."""
    return id_


@dataclass(frozen=True, slots=True)
class Wording:
    """How things and times are called.

    `timezones` maps hospital ids to IANA names; a time at no hospital among them is told with the offset it came with.
    """

    name: Name = the_id
    timezones: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, problem: Problem, name: Name = the_id) -> "Wording":
        return cls(name, {hospital.id: hospital.timezone for hospital in problem.hospitals})

    def time(self, instant: datetime | str, hospital: str | None) -> str:
        """An instant as the clock on the hospital's wall shows it: `Tue 1 Dec 2026 10:00 (Europe/Lisbon)`."""
        at, zone = self._local(datetime.fromisoformat(instant) if isinstance(instant, str) else instant, hospital)
        return f"{spoken(at)} ({zone})"

    def window(self, request: Request, hospitals: Sequence[str]) -> str:
        """A request's window by the clock of the only hospital concerned, or of the first of several."""
        clock = hospitals[0] if hospitals else None
        (earliest, zone), (latest, end_zone) = (self._local(end, clock) for end in (request.earliest, request.latest))
        if (earliest.date(), zone) == (latest.date(), end_zone):
            return f"between {spoken(earliest)} and {latest.hour:02}:{latest.minute:02} ({zone})"
        return f"between {spoken(earliest)} ({zone}) and {spoken(latest)} ({end_zone})"

    def _local(self, at: datetime, hospital: str | None) -> tuple[datetime, str]:
        """An instant by a hospital's clock, and what that clock is called; by its own offset where there is none."""
        zone = self.timezones.get(hospital or "")
        if zone is None:
            return at, f"UTC{at:%z}"
        try:
            return at.astimezone(ZoneInfo(zone)), zone
        except OverflowError:  # the last day of the calendar
            return at, f"UTC{at:%z}"

    def message(self, kind: ConflictKind, request: Request, facts: Facts) -> str:
        """One or two sentences on why `request` could not be booked."""
        return _SENTENCES[kind](self, request, facts)

    def gives_up_window(self, request: Request, instead: Alternative) -> str:
        """That the hour lies before or after the window."""
        if instead.start < request.earliest:
            return f"the time: it begins before {self.time(request.earliest, instead.hospital)}"
        return f"the time: it ends after {self.time(request.latest, instead.hospital)}"

    def gives_up_doctor(self, request: Request, instead: Alternative) -> str:
        """That the doctor is another one."""
        asked = self.names("doctor", request.doctors or (), "nobody")
        return f"the doctor: {self.name('doctor', instead.doctor)} instead of {asked}"

    def gives_up_hospital(self, request: Request, instead: Alternative) -> str:
        """That the hospital is another one."""
        asked = self.names("hospital", request.hospitals or (), "none")
        return f"the hospital: {self.name('hospital', instead.hospital)} instead of {asked}"

    def names(self, kind: str, ids: Sequence[str], none: str) -> str:
        """`a`, `a and b`, `a, b, c and 4 more`; `none` for nothing."""
        told = [self.name(kind, id_) for id_ in ids[:MOST_NAMED]]
        if len(ids) > MOST_NAMED:
            return f"{', '.join(told)} and {len(ids) - MOST_NAMED} more"
        return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told) or none


DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def spoken(at: datetime) -> str:
    """A time by the clock of its own offset, to the minute: `Tue 1 Dec 2026 10:00`. English wherever it runs."""
    return f"{DAYS[at.weekday()]} {at.day} {MONTHS[at.month - 1]} {at.year:04} {at.hour:02}:{at.minute:02}"


def _hospital_closed(wording: Wording, request: Request, facts: Facts) -> str:
    hospitals = wording.names("hospital", facts["hospitals"], "no hospital")
    window = wording.window(request, facts["hospitals"])
    following = facts["next_opening"]
    if following is None:
        return f"No hospital that is acceptable ({hospitals}) is open for a whole hour {window}, and none opens later."
    first = wording.time(following["first_hour"], following["hospital"])
    return (
        f"No hospital that is acceptable ({hospitals}) is open for a whole hour {window}. "
        f"The next whole hour is {first} at {wording.name('hospital', following['hospital'])}."
    )


def _no_availability(wording: Wording, request: Request, facts: Facts) -> str:
    doctors = wording.names("doctor", facts["doctors"], "nobody")
    hospitals = wording.names("hospital", facts["hospitals"], "any hospital")
    window = wording.window(request, facts["hospitals"])
    sentence = f"No doctor who is acceptable ({doctors}) is available for a whole hour at {hospitals} {window}."
    nearest = facts["nearest_availability"]
    if nearest is None:
        return sentence
    return sentence + (
        f" The nearest availability is {wording.name('doctor', nearest['doctor'])}'s "
        f"from {wording.time(nearest['start'], nearest['hospital'])} "
        f"at {wording.name('hospital', nearest['hospital'])}."
    )


def _hours_taken(wording: Wording, request: Request, facts: Facts) -> str:
    held = facts["appointments"]
    doctors = wording.names("doctor", sorted({a["doctor"] for a in held}), "nobody")
    hospitals = sorted({a["hospital"] for a in held})
    return (
        f"Appointments hold every hour in which {doctors} could see the patient {wording.window(request, hospitals)}."
    )


def _patient_busy(wording: Wording, _request: Request, facts: Facts) -> str:
    at = [wording.time(a["start"], a["hospital"]) for a in facts["appointments"]]
    more = f" and {len(at) - MOST_NAMED} more" if len(at) > MOST_NAMED else ""
    return f"Every free hour overlaps an appointment that the patient has already: {', '.join(at[:MOST_NAMED])}{more}."


def _outcompeted(wording: Wording, _request: Request, facts: Facts) -> str:
    winners = wording.names("request", [w["request"] for w in facts["winners"]], "")
    moved = wording.names("appointment", [m["appointment"] for m in facts["moved"]], "")
    if not moved:
        return f"Every hour that was free went to requests of the same or a higher priority: {winners}."
    if not winners:
        return f"Every hour that was free went to appointments that made room for other requests: {moved}."
    return (
        f"Every hour that was free went to requests of the same or a higher priority ({winners}) "
        f"or to appointments that made room for such requests ({moved})."
    )


_SENTENCES: dict[ConflictKind, Callable[[Wording, Request, Facts], str]] = {
    ConflictKind.HOSPITAL_CLOSED: _hospital_closed,
    ConflictKind.NO_AVAILABILITY: _no_availability,
    ConflictKind.HOURS_TAKEN: _hours_taken,
    ConflictKind.PATIENT_BUSY: _patient_busy,
    ConflictKind.OUTCOMPETED: _outcompeted,
}
