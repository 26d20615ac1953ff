"""What is wrong with a problem, every fault at once: the checks that need no schema, only the values.

They are what `docs/planning-problem.md` lists, and nothing else; where it is silent and the meaning is clear, a problem
is accepted.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from planner.instants import HOUR_US, is_full_hour, join, micros
from planner.problem import Appointment, Problem, Request

Location = tuple[str | int, ...]
"""Where in the JSON a value stands: `("requests", 3, "latest")`."""


MOST_HOURS = 2_000_000
"""The availabilities of a problem cannot hold more hours together: every one is looked at, and costs memory."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where it is (`requests[3].latest`), the value there as JSON, what is wrong and what to do about it."""

    path: str
    value: str
    fault: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path or 'the file'}: {self.fault}; {self.remedy} (it is {self.value})"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault and the locations of all values that it follows from, so that a fault of theirs can take precedence."""

    at: Location
    value: str | int | datetime | tuple[int, ...]
    fault: str
    remedy: str
    inputs: tuple[Location, ...]


def findings(problem: Problem) -> list[Finding]:
    """Everything wrong with `problem`, in the order in which a file lists things."""
    known = _Known(problem)
    return [finding for check in _CHECKS for finding in check(problem, known)]


class _Known:
    """What the checks look up. Of several things with one id, which is a fault of its own, the first counts."""

    def __init__(self, problem: Problem) -> None:
        self.doctors = {doctor.id for doctor in problem.doctors}
        self.hospitals = {hospital.id for hospital in problem.hospitals}
        self.appointments: dict[str, Appointment] = {a.id: a for a in reversed(problem.appointments)}
        self.zones = {hospital.id: zone_of(hospital.timezone) for hospital in reversed(problem.hospitals)}
        self.openings = {
            hospital.id: join([(micros(opening.start), micros(opening.end)) for opening in hospital.openings])
            for hospital in reversed(problem.hospitals)
        }


@cache
def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of an IANA name; None if there is none.

    Not every file beside the zones is one: `localtime` is another zone on every machine, and those below `right` count
    leap seconds.
    """
    if name in {"localtime", "posixrules"} or name.startswith(("right/", "posix/")):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _hospitals(problem: Problem, _known: _Known) -> Iterator[Finding]:
    yield from _duplicates("hospitals", [hospital.id for hospital in problem.hospitals])
    for i, hospital in enumerate(problem.hospitals):
        if zone_of(hospital.timezone) is None:
            at = ("hospitals", i, "timezone")
            yield Finding(at, hospital.timezone, "no such time zone", "give an IANA name such as Europe/Lisbon", (at,))
        for j, opening in enumerate(hospital.openings):
            yield from _backwards(("hospitals", i, "openings", j), "start", "end", opening.start, opening.end)


def _doctors(problem: Problem, _known: _Known) -> Iterator[Finding]:
    yield from _duplicates("doctors", [doctor.id for doctor in problem.doctors])


def _availabilities(problem: Problem, known: _Known) -> Iterator[Finding]:
    for i, availability in enumerate(problem.availabilities):
        at = ("availabilities", i)
        yield from _unknown((*at, "doctor"), availability.doctor, known.doctors, "doctors")
        yield from _unknown((*at, "hospital"), availability.hospital, known.hospitals, "hospitals")
        yield from _backwards(at, "start", "end", availability.start, availability.end)
        start, end = micros(availability.start), micros(availability.end)
        openings = known.openings.get(availability.hospital)
        if openings is not None and start < end and not any(a <= start and end <= b for a, b in openings):
            inputs = ((*at, "start"), (*at, "end"), (*at, "hospital"), ("hospitals", "openings"))
            yield Finding(
                (*at, "start"), availability.start,
                f"the availability until {availability.end.isoformat()} is not inside the openings of its hospital",
                "shorten it or add the opening", inputs,
            )  # fmt: skip
    yield from _too_many_hours(problem)


def _too_many_hours(problem: Problem) -> Iterator[Finding]:
    """More hours than can be planned: reported at the longest availability."""
    hours = [max(0, micros(a.end) - micros(a.start)) // HOUR_US for a in problem.availabilities]
    if sum(hours) > MOST_HOURS:
        longest = hours.index(max(hours))
        yield Finding(
            ("availabilities", longest, "end"), problem.availabilities[longest].end,
            f"the availabilities hold {sum(hours):,} hours together, more than the {MOST_HOURS:,} that can be planned",
            "shorten this one, the longest, and others to the days in question", (("availabilities",),),
        )  # fmt: skip


def _appointments(problem: Problem, known: _Known) -> Iterator[Finding]:
    yield from _duplicates("appointments", [appointment.id for appointment in problem.appointments])
    for i, appointment in enumerate(problem.appointments):
        at = ("appointments", i)
        yield from _unknown((*at, "doctor"), appointment.doctor, known.doctors, "doctors")
        yield from _unknown((*at, "hospital"), appointment.hospital, known.hospitals, "hospitals")
        zone = known.zones.get(appointment.hospital)
        if zone is not None and not is_full_hour(appointment.start, zone):
            yield Finding(
                (*at, "start"), appointment.start, f"not a full hour by the clock of its hospital ({zone.key})",
                "give a start on the hour", ((*at, "start"), (*at, "hospital"), ("hospitals", "timezone")),
            )  # fmt: skip
        if appointment.window is not None:
            window = appointment.window
            yield from _backwards((*at, "window"), "earliest", "latest", window.start, window.end)
        for j, hospital in enumerate(appointment.hospitals or ()):
            yield from _unknown((*at, "hospitals", j), hospital, known.hospitals, "hospitals")
    yield from _overlaps(problem.appointments, "doctor", lambda appointment: appointment.doctor)
    yield from _overlaps(problem.appointments, "patient", lambda appointment: appointment.patient)


def _requests(problem: Problem, known: _Known) -> Iterator[Finding]:
    yield from _duplicates("requests", [request.id for request in problem.requests])
    for i, request in enumerate(problem.requests):
        at = ("requests", i)
        for j, doctor in enumerate(request.doctors or ()):
            yield from _unknown((*at, "doctors", j), doctor, known.doctors, "doctors")
        for j, hospital in enumerate(request.hospitals or ()):
            yield from _unknown((*at, "hospitals", j), hospital, known.hospitals, "hospitals")
        yield from _backwards(at, "earliest", "latest", request.earliest, request.latest)
        yield from _misplaced(at, request)
    yield from _replacements(problem, known)


def _misplaced(at: Location, request: Request) -> Iterator[Finding]:
    """Places that are not one for each doctor, or not ascending from 0 by steps of at most one."""
    if request.places is None:
        return
    where: Location = (*at, "places")
    inputs = (where, (*at, "doctors"))
    if request.doctors is None:
        remedy = "list the doctors, or leave the places out"
        yield Finding(where, request.places, "places of doctors, but the request lists no doctors", remedy, inputs)
    elif len(request.places) != len(request.doctors):
        fault = f"{len(request.places)} places for {len(request.doctors)} doctors"
        yield Finding(where, request.places, fault, "give one for each of `doctors`, in their order", inputs)
    for j, (before, place) in enumerate(pairwise((0, *request.places))):
        if j == 0 and place != 0:
            yield Finding((*where, 0), place, "the first place is not 0", "begin with 0", (where,))
        elif place not in (before, before + 1):
            remedy = f"give {before} (as good as the doctor before) or {before + 1} (the next place)"
            yield Finding((*where, j), place, f"does not follow {before}, the place before it", remedy, (where,))


def _replacements(problem: Problem, known: _Known) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for i, request in enumerate(problem.requests):
        if request.moves is None:
            continue
        at: Location = ("requests", i, "moves")
        yield from _unknown(at, request.moves, known.appointments, "appointments")
        replaced = known.appointments.get(request.moves)
        if replaced is not None and replaced.patient != request.patient:
            yield Finding(
                at, request.moves, "an appointment of another patient", "name one of this patient",
                (at, ("requests", i, "patient"), ("appointments", "patient")),
            )  # fmt: skip
        if request.moves in first:
            other = first[request.moves]
            fault = f"requests[{other}] replaces this appointment already"
            yield Finding(at, request.moves, fault, "let one request replace it", (at, ("requests", other, "moves")))
        first.setdefault(request.moves, i)


_CHECKS: tuple[Callable[[Problem, _Known], Iterable[Finding]], ...] = (
    _hospitals,
    _doctors,
    _availabilities,
    _appointments,
    _requests,
)


def _duplicates(table: str, ids: Sequence[str]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for i, id_ in enumerate(ids):
        if id_ in first:
            inputs = ((table, i, "id"), (table, first[id_], "id"))
            yield Finding(
                (table, i, "id"), id_, f"{table}[{first[id_]}] has this id already", "give each its own id", inputs
            )
        first.setdefault(id_, i)


def _unknown(at: Location, id_: str, known: Mapping[str, object] | set[str], table: str) -> Iterator[Finding]:
    if id_ not in known:
        yield Finding(
            at, id_, f"no such id among the {table}", f"add it to {table} or name one of them", (at, (table,))
        )


def _backwards(at: Location, first: str, last: str, start: datetime, end: datetime) -> Iterator[Finding]:
    if micros(end) < micros(start):
        fault = f"before its {first}, {start.isoformat()}"
        remedy = f"give {'an' if last == 'end' else 'a'} {last} at or after {first}"
        yield Finding((*at, last), end, fault, remedy, ((*at, first), (*at, last)))


def _overlaps(appointments: Sequence[Appointment], who: str, owner: Callable[[Appointment], str]) -> Iterator[Finding]:
    """Appointments that overlap another one of the same owner: reported at the one that stands later in the file."""
    of: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for i, appointment in enumerate(appointments):
        of[owner(appointment)].append((micros(appointment.start), i))
    for held in of.values():
        held.sort()
        for (start, i), (following, j) in pairwise(held):
            if following - start < HOUR_US:
                later, other = max(i, j), min(i, j)
                inputs = tuple(("appointments", n, field) for n in (i, j) for field in (who, "start"))
                yield Finding(
                    ("appointments", later, "start"), appointments[later].start,
                    f"overlaps appointments[{other}] of the same {who}",
                    "remove one of them or change its start", inputs,
                )  # fmt: skip
