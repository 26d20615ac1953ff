"""What the planner is asked: plain frozen values, as `docs/planning-problem.md` defines them.

Every instant is an aware datetime, every period half-open `[start, end)`, every id a string that the caller chose.
Nothing here is checked: `planner.schemas` refuses a faulty file with every fault named, and whoever builds a `Problem`
from elsewhere vouches for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

HOUR = timedelta(hours=1)
"""The length of every appointment."""


class Priority(StrEnum):
    """How much a request matters; a higher one is never given up for any number of lower ones."""

    URGENT = "urgent"
    SOON = "soon"
    ROUTINE = "routine"


@dataclass(frozen=True, slots=True)
class Period:
    """The instants from `start` up to, and not including, `end`."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital, its IANA time zone and the periods in which it is open."""

    id: str
    timezone: str
    openings: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Doctor:
    """A doctor and the specialties that a request may ask for."""

    id: str
    specialties: frozenset[str]


@dataclass(frozen=True, slots=True)
class Availability:
    """A period in which a doctor sees patients at one hospital."""

    doctor: str
    hospital: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Appointment:
    """An hour that already stands.

    A `movable` one may be moved to another hour of its doctor within `window` (None: to any) at one of `hospitals`
    (None: at any).
    """

    id: str
    doctor: str
    hospital: str
    patient: str
    start: datetime
    movable: bool = False
    window: Period | None = None
    hospitals: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A patient's wish for one hour.

    `doctors` are the acceptable ones, best first (None: any, of `specialty` where given); `hospitals` the acceptable
    ones (None: any). The hour starts at or after `earliest` and ends at or before `latest`; near `preferred` (None:
    `earliest`) is better. `moves` is the id of the appointment that this request replaces; its hour counts as free.
    `places` has the place of each of `doctors`, from 0 upwards, so that some can be equally good (None: 0, 1, 2, …).
    """

    id: str
    patient: str
    priority: Priority
    earliest: datetime
    latest: datetime
    doctors: tuple[str, ...] | None = None
    specialty: str | None = None
    hospitals: tuple[str, ...] | None = None
    preferred: datetime | None = None
    moves: str | None = None
    places: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One planning problem, whole."""

    hospitals: tuple[Hospital, ...]
    doctors: tuple[Doctor, ...]
    availabilities: tuple[Availability, ...]
    appointments: tuple[Appointment, ...]
    requests: tuple[Request, ...]
