"""PLAN.json: its pydantic models, and the way from them to the planner's values and back to JSON values."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from planner.file_schema import FileModel, Instant, to_instant, to_text
from planner.plan import (
    Alternative,
    Booking,
    Conflict,
    ConflictKind,
    Move,
    Objective,
    Plan,
    PlanStatus,
    ProvedPrices,
    Receipt,
)
from planner.problem import Priority


def _each_once(prices: object) -> object:
    """Refuses an instant that is there twice, with two offsets: one of its prices would be lost."""
    if isinstance(prices, dict):
        known: dict[datetime, str] = {}
        for told in prices:
            try:
                first = known.setdefault(to_instant(told), told)
            except PydanticCustomError:  # it is told as one that is no instant
                continue
            if first != told:
                about = {"told": told, "first": first, "remedy": "keep one of them"}
                raise PydanticCustomError("instant_twice", "{told} is the same instant as {first}; {remedy}", about)
    return prices


InstantPrices = Annotated[dict[Instant, int], BeforeValidator(_each_once)]
"""The prices of instants, by instant."""


class BookingModel(FileModel):
    """The hour chosen for a request."""

    request: str
    doctor: str
    hospital: str
    start: Instant


class MoveModel(FileModel):
    """The new hour of a movable appointment."""

    appointment: str
    doctor: str
    hospital: str
    start: Instant


class AlternativeModel(FileModel):
    """An hour that a refused request could have."""

    doctor: str
    hospital: str
    start: Instant
    gives_up: list[str]


class ConflictModel(FileModel):
    """The report on a refused request."""

    request: str
    kind: ConflictKind
    message: str
    facts: dict[str, Any]  # the shapes depend on the kind; planner.verify reads them
    certificate: dict[str, Any]
    alternatives: list[AlternativeModel]


class ObjectiveModel(FileModel):
    """The three goals."""

    booked: dict[Priority, int]
    moved: int
    inconvenience: int

    def values(self) -> Objective:
        return Objective(self.booked, self.moved, self.inconvenience)


class WeightsModel(FileModel):
    """What one booking of each priority gains and one move costs, in hours of inconvenience."""

    urgent: int
    soon: int
    routine: int
    move: int


def _sum_of_prices(total: int, info: ValidationInfo) -> int:
    """Refuses a sum that is not that of the prices: one of them has been altered, or lost."""
    told = info.data
    if all(key in told for key in ("requests", "appointments", "doctors", "patients")):
        instants = (sum(of.values()) for key in ("doctors", "patients") for of in told[key].values())
        right = sum(told["requests"].values()) + sum(told["appointments"].values()) + sum(instants)
        if total != right:
            raise PydanticCustomError("total", "not the sum of all prices, {right}; plan anew", {"right": str(right)})
    return total


class PricesModel(FileModel):
    """Prices that prove the bound."""

    weights: WeightsModel
    requests: dict[str, int]
    appointments: dict[str, int]
    doctors: dict[str, InstantPrices]
    patients: dict[str, InstantPrices]
    unit: int = 1
    total: Annotated[int, AfterValidator(_sum_of_prices)]

    def values(self) -> ProvedPrices:
        return ProvedPrices(
            self.weights.model_dump(), self.requests, self.appointments, self.doctors, self.patients, self.unit
        )


class ReceiptModel(FileModel):
    """What was solved, by what, in how long."""

    problem_sha256: str
    planner: str
    ortools: str
    seed: int
    seconds: dict[str, float]


class PlanModel(FileModel):
    """PLAN.json."""

    status: PlanStatus
    bookings: list[BookingModel]
    moved: list[MoveModel]
    conflicts: list[ConflictModel]
    objective: ObjectiveModel
    bound: ObjectiveModel
    prices: PricesModel | None = None
    receipt: ReceiptModel

    def values(self) -> Plan:
        return Plan(
            self.status,
            tuple(Booking(b.request, b.doctor, b.hospital, b.start) for b in self.bookings),
            tuple(Move(m.appointment, m.doctor, m.hospital, m.start) for m in self.moved),
            tuple(
                Conflict(
                    c.request, c.kind, c.message, c.facts, c.certificate,
                    tuple(Alternative(a.doctor, a.hospital, a.start, tuple(a.gives_up)) for a in c.alternatives),
                )
                for c in self.conflicts
            ),
            self.objective.values(),
            self.bound.values(),
            Receipt(**self.receipt.model_dump()),
            prices=None if self.prices is None else self.prices.values(),
        )  # fmt: skip


def plan_as_dict(plan: Plan) -> Mapping[str, object]:
    """The plan in JSON values, every field written out."""
    return {
        "status": str(plan.status),
        "bookings": [{"request": b.request, **_place(b)} for b in plan.bookings],
        "moved": [{"appointment": m.appointment, **_place(m)} for m in plan.moved],
        "conflicts": [
            {
                "request": c.request, "kind": str(c.kind), "message": c.message, "facts": c.facts,
                "certificate": c.certificate,
                "alternatives": [{**_place(a), "gives_up": a.gives_up} for a in c.alternatives],
            }
            for c in plan.conflicts
        ],
        "objective": _goals(plan.objective),
        "bound": _goals(plan.bound),
        "prices": None if plan.prices is None else _prices(plan.prices),
        "receipt": {
            "problem_sha256": plan.receipt.problem_sha256, "planner": plan.receipt.planner,
            "ortools": plan.receipt.ortools, "seed": plan.receipt.seed, "seconds": dict(plan.receipt.seconds),
        },
    }  # fmt: skip


def _place(at: Booking | Move | Alternative) -> dict[str, str]:
    return {"doctor": at.doctor, "hospital": at.hospital, "start": to_text(at.start)}


def _goals(objective: Objective) -> dict[str, object]:
    booked = {str(priority): count for priority, count in objective.booked.items()}
    return {"booked": booked, "moved": objective.moved, "inconvenience": objective.inconvenience}


def _prices(prices: ProvedPrices) -> dict[str, object]:
    return {
        "weights": dict(prices.weights),
        "unit": prices.unit,
        "total": prices.total,
        "requests": dict(prices.requests),
        "appointments": dict(prices.appointments),
        "doctors": {doctor: _by_instant(of) for doctor, of in prices.doctors.items()},
        "patients": {patient: _by_instant(of) for patient, of in prices.patients.items()},
    }


def _by_instant(prices: Mapping[datetime, int]) -> dict[str, int]:
    return {to_text(at): price for at, price in prices.items()}
