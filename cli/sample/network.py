"""The places, the people and their working hours of the sample network: a pure function of (seed, first Monday).

Four hospitals an hour's drive apart, on both sides of the border of South Australia and Victoria, where the clocks are
half an hour apart and one of them is no whole number of hours from UTC. So 10:00 in Mount Gambier overlaps two of
Hamilton's hours, patients and doctors do cross the border, and whoever rounds in UTC shows it at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, product
from random import Random
from zoneinfo import ZoneInfo

from cli.sample.names import FAMILY, FIRST
from planner.problem import Availability

WEEKS = 3
PATIENTS_PER_STATE = 1200
FIRST_HOSPITAL = "mount-gambier"

CLOCKS: Mapping[str, str] = {"SA": "Australia/Adelaide", "VIC": "Australia/Melbourne"}
"""The time zone of each state."""

Minutes = tuple[int, int]
"""A period `[start, end)` in minutes after local midnight of its day; one past midnight ends above 1440."""

SPECIALTIES: Mapping[str, int] = {
    "general practice": 7,
    "paediatrics": 5,
    "cardiology": 4,
    "orthopaedics": 4,
    "gynaecology": 3,
    "dermatology": 3,
    "ophthalmology": 2,
    "neurology": 2,
}
"""The doctors of each specialty in each state."""

_RARE = 3


@dataclass(frozen=True, slots=True)
class SampleHospital:
    """A hospital; `weekly` by ISO weekday (1 = Monday), `exceptions` by date with the reason."""

    id: str
    name: str
    state: str
    timezone: str
    weekly: Mapping[int, tuple[Minutes, ...]]
    exceptions: Mapping[date, tuple[str, tuple[Minutes, ...]]]

    def hours(self, day: date) -> tuple[Minutes, ...]:
        """The periods that start on a day."""
        if day in self.exceptions:
            return self.exceptions[day][1]
        return self.weekly.get(day.isoweekday(), ())

    def at(self, day: date, minute: int) -> datetime:
        """The instant, in UTC, at `minute` minutes after a day's midnight by the hospital's clock."""
        wall = datetime.combine(day, time()) + timedelta(minutes=minute)
        return wall.replace(tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class SampleDoctor:
    """A doctor. `hospitals` holds one or two: the last for Tuesdays and Thursdays."""

    id: str
    name: str
    state: str
    specialty: str
    hospitals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SamplePatient:
    """A patient."""

    id: str
    name: str
    state: str


def hospitals(monday: date) -> tuple[SampleHospital, ...]:
    """The four hospitals, with the exceptions that fall into the weeks from `monday`."""
    holiday, regatta = monday + timedelta(days=9), monday + timedelta(days=17)
    weekdays, to_saturday = range(1, 6), range(1, 7)
    lunch, long = (_minutes(9, 13), _minutes(14, 18)), (_minutes(8, 13), _minutes(14, 20))
    night = (_minutes(8, 13), _minutes(14, 26))
    closed = {holiday: ("Show day", ())}
    return (
        SampleHospital(
            FIRST_HOSPITAL,
            "Blue Lake Hospital, Mount Gambier",
            "SA",
            CLOCKS["SA"],
            {**dict.fromkeys(weekdays, ((7 * 60 + 30, 20 * 60),)), 6: (_minutes(9, 13),)},
            closed,
        ),
        SampleHospital(
            "naracoorte", "Caves Road Clinic, Naracoorte", "SA", CLOCKS["SA"], dict.fromkeys(weekdays, lunch), closed
        ),
        SampleHospital(
            "hamilton",
            "Wannon Hospital, Hamilton",
            "VIC",
            CLOCKS["VIC"],
            {**dict.fromkeys(to_saturday, long), 5: night, 6: night},
            {},
        ),
        SampleHospital(
            "portland",
            "Bridgewater Clinic, Portland",
            "VIC",
            CLOCKS["VIC"],
            dict.fromkeys(to_saturday, lunch),
            {regatta: ("Regatta, mornings only", (_minutes(9, 13),))},
        ),
    )


def doctors(seed: int, places: tuple[SampleHospital, ...]) -> tuple[SampleDoctor, ...]:
    """The sixty doctors of eight specialties."""
    names = _names(Random(f"{seed} doctors"))
    homes = {state: [place.id for place in places if place.state == state] for state in CLOCKS}
    staff: list[SampleDoctor] = []
    for state, other in pairwise((*CLOCKS, next(iter(CLOCKS)))):
        for specialty, count in SPECIALTIES.items():
            for rank in range(count):
                number = len(staff) + 1
                home, next_door = homes[state] if number % 2 else homes[state][::-1]
                # Those of rare specialties cross the border, others see patients next door.
                second = homes[other][0] if count <= _RARE else next_door
                works_at = (home, second) if rank % 5 == 1 else (home,)
                staff.append(SampleDoctor(f"D-{number:03}", f"Dr {next(names)}", state, specialty, works_at))
    return tuple(staff)


def patients(seed: int) -> tuple[SamplePatient, ...]:
    """The patients, South Australia's first."""
    names = _names(Random(f"{seed} patients"))
    people: list[SamplePatient] = []
    for state in CLOCKS:
        people += [
            SamplePatient(f"P-{number:05}", next(names), state)
            for number in range(len(people) + 1, len(people) + PATIENTS_PER_STATE + 1)
        ]
    return tuple(people)


def availabilities(
    seed: int, monday: date, places: tuple[SampleHospital, ...], staff: tuple[SampleDoctor, ...]
) -> tuple[Availability, ...]:
    """Every doctor's periods of the three weeks, within the openings, with a break at midday."""
    by_id = {place.id: place for place in places}
    found: list[Availability] = []
    for doctor in staff:
        random = Random(f"{seed} availabilities {doctor.id}")
        day_off = random.randint(1, 5)
        pattern = random.choice(_PATTERNS)
        nights = doctor.specialty == "general practice"
        for offset in range(7 * WEEKS):
            day = monday + timedelta(days=offset)
            if day.isoweekday() == day_off:
                continue
            place = by_id[doctor.hospitals[-1] if day.isoweekday() in (2, 4) else doctor.hospitals[0]]
            for start, end in _overlap(place.hours(day), (*pattern, *(_NIGHT if nights else ()))):
                found.append(Availability(doctor.id, place.id, place.at(day, start), place.at(day, end)))
    return tuple(found)


def _minutes(start: int, end: int) -> Minutes:
    return start * 60, end * 60


_PATTERNS = (
    (_minutes(8, 13), _minutes(14, 16)),
    (_minutes(9, 12), _minutes(13, 18)),
    (_minutes(10, 13), _minutes(15, 20)),
    ((8 * 60 + 30, 12 * 60 + 30), (13 * 60, 17 * 60)),
)
"""Working days, as their periods."""

_NIGHT = (_minutes(20, 26),)


def _overlap(opening: tuple[Minutes, ...], working: tuple[Minutes, ...]) -> Iterator[Minutes]:
    for (opens, closes), (begins, ends) in product(opening, working):
        start, end = max(opens, begins), min(closes, ends)
        if end - start >= 60:
            yield start, end


def _names(random: Random) -> Iterator[str]:
    """Names without end, none twice before all are used."""
    pairs = list(product(FIRST, FAMILY))
    while True:
        random.shuffle(pairs)
        yield from (f"{first} {family}" for first, family in pairs)
