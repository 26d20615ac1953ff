"""What the planner answers: plain frozen values, as `docs/planning-problem.md` defines them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from planner.problem import Priority


class ConflictKind(StrEnum):
    """Why a request got no booking."""

    HOSPITAL_CLOSED = "hospital_closed"
    NO_AVAILABILITY = "no_availability"
    HOURS_TAKEN = "hours_taken"
    PATIENT_BUSY = "patient_busy"
    OUTCOMPETED = "outcompeted"


class PlanStatus(StrEnum):
    """`optimal`: the objective equals its bound. `feasible`: time ran out first."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"


@dataclass(frozen=True, slots=True)
class Booking:
    """The hour chosen for a request."""

    request: str
    doctor: str
    hospital: str
    start: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """The new hour of a standing appointment that was movable."""

    appointment: str
    doctor: str
    hospital: str
    start: datetime


@dataclass(frozen=True, slots=True)
class Alternative:
    """An hour the request did not ask for but could have; `gives_up` says in words what it costs."""

    doctor: str
    hospital: str
    start: datetime
    gives_up: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """The report on a request that got no booking.

    `facts` and `certificate` are JSON values whose shape depends on `kind`.
    """

    request: str
    kind: ConflictKind
    message: str
    facts: Mapping[str, Any]
    certificate: Mapping[str, Any]
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Objective:
    """The three goals, in their order: requests booked by priority, appointments moved, hours of inconvenience."""

    booked: Mapping[Priority, int]
    moved: int
    inconvenience: int


@dataclass(frozen=True, slots=True)
class ProvedPrices:
    """Prices that prove a bound on every plan of a problem; `docs/planning-problem.md` says how they are read.

    `weights` maps `urgent`, `soon`, `routine` and `move` to what one booking gains and one move costs, in hours of
    inconvenience. `requests` and `appointments` (the movable ones) map ids to prices, `doctors` and `patients` ids to
    the prices of their instants (UTC). What is not named has the price 0. Prices, not weights, are in whole `unit`-ths
    of an hour of inconvenience.
    """

    weights: Mapping[str, int]
    requests: Mapping[str, int]
    appointments: Mapping[str, int]
    doctors: Mapping[str, Mapping[datetime, int]]
    patients: Mapping[str, Mapping[datetime, int]]
    unit: int = 1

    @property
    def total(self) -> int:
        """The sum of all prices: no plan gains more."""
        instants = (sum(of.values()) for owners in (self.doctors, self.patients) for of in owners.values())
        return sum(self.requests.values()) + sum(self.appointments.values()) + sum(instants)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was solved, by what, in how long. `seconds` maps a stage to its wall-clock seconds."""

    problem_sha256: str
    planner: str
    ortools: str
    seed: int
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """A booking or a conflict for every request of a problem.

    `prices` prove the bound; None where the goals' weights do not fit into 64 bits.
    """

    status: PlanStatus
    bookings: tuple[Booking, ...]
    moved: tuple[Move, ...]
    conflicts: tuple[Conflict, ...]
    objective: Objective
    bound: Objective
    prices: ProvedPrices | None = field(default=None, kw_only=True)
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class AddedHour:
    """An hour in which a doctor would see a patient besides, and the request that gets booked because of it."""

    doctor: str
    hospital: str
    start: datetime
    request: str


@dataclass(frozen=True, slots=True)
class ExtraHours:
    """The fewest hours to add so that as many as possible of the requests that are left over get booked.

    `placed` is how many more requests that books, `left` the ids of those that go without all the same. `proved` where
    no hours place more, and no fewer hours place as many. The first hours place the highest priorities.
    """

    hours: tuple[AddedHour, ...]
    placed: int
    left: tuple[str, ...]
    proved: bool

    @property
    def one_each(self) -> bool:
        """Whether every hour places one request by itself: then the first k hours are a best choice of k.

        Elsewhere it takes two hours to place somebody, or one hour makes room for two.
        """
        return len(self.hours) == self.placed == len({hour.request for hour in self.hours})
