"""PROBLEM.json and PLAN.json: the pydantic schemas, and the way between JSON and the planner's plain values.

A faulty file is refused as a whole, with every fault named.
"""

import codecs
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from planner.faults import Fault, Finding, Location, findings
from planner.mending import Spoiled, mend, written_twice
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
from planner.problem import Appointment, Availability, Doctor, Hospital, Period, Priority, Problem, Request

LONGEST_VALUE = 80
"""A fault shows so many characters of the value."""


class FaultyFileError(ValueError):
    """A file that was refused. `faults` holds every one, in the order of the file."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        many = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__("\n".join([f"{many}:", *(str(fault) for fault in self.faults)]))


class FaultyProblem(FaultyFileError):  # noqa: N818  # it is the problem that is faulty; callers know it by this name
    """PROBLEM.json was refused."""


class FaultyPlan(FaultyFileError):  # noqa: N818  # as above
    """PLAN.json was refused."""


def _instant(value: object) -> datetime:
    """An aware datetime from an ISO 8601 string; numbers, dates and naive times are refused."""
    remedy = "give it like 2026-12-01T09:00:00+00:00"
    if not isinstance(value, str):
        raise PydanticCustomError("instant", "not an instant; {remedy}", {"remedy": remedy})
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("instant", "not an instant; {remedy}", {"remedy": remedy}) from None
    if instant.utcoffset() is None:
        raise PydanticCustomError("instant", "an instant without its offset; {remedy}", {"remedy": remedy})
    return instant


Instant = Annotated[datetime, BeforeValidator(_instant)]
"""An instant with its offset."""


def _each_once(prices: object) -> object:
    """Refuses an instant that is there twice, with two offsets: one of its prices would be lost."""
    if isinstance(prices, dict):
        known: dict[datetime, str] = {}
        for told in prices:
            try:
                first = known.setdefault(_instant(told), told)
            except PydanticCustomError:  # it is told as one that is no instant
                continue
            if first != told:
                about = {"told": told, "first": first, "remedy": "keep one of them"}
                raise PydanticCustomError("instant_twice", "{told} is the same instant as {first}; {remedy}", about)
    return prices


InstantPrices = Annotated[dict[Instant, int], BeforeValidator(_each_once)]
"""The prices of instants, by instant."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PeriodModel(_File):
    """A half-open period."""

    start: Instant
    end: Instant


class WindowModel(_File):
    """What a movable appointment's new hour must lie in: starts at or after `earliest`, ends at or before `latest`."""

    earliest: Instant
    latest: Instant


class HospitalModel(_File):
    """A hospital."""

    id: str
    timezone: str
    openings: list[PeriodModel]


class DoctorModel(_File):
    """A doctor."""

    id: str
    specialties: list[str] = []


class AvailabilityModel(_File):
    """A period in which a doctor sees patients at a hospital."""

    doctor: str
    hospital: str
    start: Instant
    end: Instant


class AppointmentModel(_File):
    """An appointment that stands."""

    id: str
    doctor: str
    hospital: str
    patient: str
    start: Instant
    movable: bool = False
    window: WindowModel | None = None


class RequestModel(_File):
    """A wish for one hour."""

    id: str
    patient: str
    priority: Priority
    doctors: list[str] | None = None
    specialty: str | None = None
    hospitals: list[str] | None = None
    earliest: Instant
    latest: Instant
    preferred: Instant | None = None
    moves: str | None = None


class ProblemModel(_File):
    """PROBLEM.json."""

    hospitals: list[HospitalModel]
    doctors: list[DoctorModel]
    availabilities: list[AvailabilityModel]
    appointments: list[AppointmentModel] = []
    requests: list[RequestModel]

    def values(self) -> Problem:
        return Problem(
            tuple(
                Hospital(h.id, h.timezone, tuple(Period(o.start, o.end) for o in h.openings)) for h in self.hospitals
            ),
            tuple(Doctor(d.id, frozenset(d.specialties)) for d in self.doctors),
            tuple(Availability(a.doctor, a.hospital, a.start, a.end) for a in self.availabilities),
            tuple(
                Appointment(
                    a.id, a.doctor, a.hospital, a.patient, a.start, a.movable,
                    None if a.window is None else Period(a.window.earliest, a.window.latest),
                )
                for a in self.appointments
            ),
            tuple(
                Request(
                    r.id, r.patient, r.priority, r.earliest, r.latest, _tuple(r.doctors), r.specialty,
                    _tuple(r.hospitals), r.preferred, r.moves,
                )
                for r in self.requests
            ),
        )  # fmt: skip


class BookingModel(_File):
    """The hour chosen for a request."""

    request: str
    doctor: str
    hospital: str
    start: Instant


class MoveModel(_File):
    """The new hour of a movable appointment."""

    appointment: str
    doctor: str
    hospital: str
    start: Instant


class AlternativeModel(_File):
    """An hour that a refused request could have."""

    doctor: str
    hospital: str
    start: Instant
    gives_up: list[str]


class ConflictModel(_File):
    """The report on a refused request."""

    request: str
    kind: ConflictKind
    message: str
    facts: dict[str, Any]  # the shapes depend on the kind; planner.verify reads them
    certificate: dict[str, Any]
    alternatives: list[AlternativeModel]


class ObjectiveModel(_File):
    """The three goals."""

    booked: dict[Priority, int]
    moved: int
    inconvenience: int


class WeightsModel(_File):
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


class PricesModel(_File):
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


class ReceiptModel(_File):
    """What was solved, by what, in how long."""

    problem_sha256: str
    planner: str
    ortools: str
    seed: int
    seconds: dict[str, float]


class PlanModel(_File):
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
            _objective(self.objective),
            _objective(self.bound),
            Receipt(**self.receipt.model_dump()),
            prices=None if self.prices is None else self.prices.values(),
        )  # fmt: skip


def read_problem(text: str | bytes) -> Problem:
    """The problem in a PROBLEM.json.

    Raises `FaultyProblem` with all faults, those of the schema and those of the values, each with its JSON path.
    """
    repeated = written_twice(text)
    try:
        problem = ProblemModel.model_validate_json(text).values()
    except ValidationError as error:
        _refuse_problem(text, error.errors(include_url=False), repeated)
    if repeated:
        _refuse_problem(text, [], repeated)
    found = findings(problem)
    if found:
        raise FaultyProblem([_told(finding) for finding in found])
    return problem


def read_plan(text: str | bytes) -> Plan:
    """The plan in a PLAN.json; whether it is right, `planner.verify` says.

    Raises `FaultyPlan` with all faults of the schema.
    """
    faults = [_twice(at, value) for at, value in written_twice(text)]
    try:
        read = PlanModel.model_validate_json(text).values()
    except ValidationError as error:
        faults += [_schema_fault(fault) for fault in error.errors(include_url=False)]
    if faults:
        raise FaultyPlan(faults)
    return read


def problem_to_json(problem: Problem) -> str:
    """PROBLEM.json of `problem`: every field written out, instants with the offsets they came with, no spaces."""
    return json.dumps(_problem_as_dict(problem), separators=(",", ":"))


def problem_sha256(problem: Problem) -> str:
    """The SHA-256 of `problem_to_json` in UTF-8: what a plan's receipt names its problem by."""
    return hashlib.sha256(problem_to_json(problem).encode()).hexdigest()


def plan_to_json(plan: Plan) -> str:
    """PLAN.json of `plan`, with a line for each booking and each conflict."""
    told = [f'"{name}": {_lines(value)}' for name, value in _plan_as_dict(plan).items()]
    return "{\n " + ",\n ".join(told) + "\n}"


def _lines(value: object) -> str:
    """JSON of a field: a list with a line for each of its elements."""
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"


def _refuse_problem(
    text: str | bytes, wrong: Sequence[ErrorDetails], repeated: Sequence[tuple[Location, Any]]
) -> NoReturn:
    """Names faults of the schema, fields written twice and, unless they follow from those, the faults of the values."""
    faults = [(fault["loc"], _schema_fault(fault)) for fault in wrong]
    faults += [(at, _twice(at, value)) for at, value in repeated]
    mended = mend(text, [(fault["loc"], fault["type"]) for fault in wrong])
    if mended is not None:
        spoiled = Spoiled([*(fault["loc"] for fault in wrong), *(at for at, _ in repeated)])
        found = findings(ProblemModel.model_validate_json(json.dumps(mended)).values())
        faults += [(finding.at, _told(finding)) for finding in found if not any(map(spoiled.has, finding.inputs))]
    faults.sort(key=lambda entry: [(isinstance(step, int), step) for step in entry[0]])
    raise FaultyProblem([fault for _, fault in faults]) from None


def _schema_fault(error: ErrorDetails) -> Fault:
    fault, _, remedy = error["msg"].partition("; ")
    if error["type"] == "missing":
        return Fault(_path(error["loc"]), "missing", "a field is missing", "add it")
    if error["type"] == "extra_forbidden":
        remedy = "remove it or correct its name"
        fault = "no such field"
    if error["type"] == "json_invalid":
        return _unreadable(error["input"], fault)
    return Fault(_path(error["loc"]), _shown(error["input"]), fault, remedy or "correct the value")


def _unreadable(text: str | bytes, fault: str) -> Fault:
    """What is no JSON, or not in the encoding of JSON."""
    begins = text[:LONGEST_VALUE]
    marked = isinstance(begins, bytes) and begins.startswith(
        (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    )
    remedy = "save it as UTF-8 without a byte order mark" if marked else "correct the JSON there"
    shown = begins.decode(errors="replace") if isinstance(begins, bytes) else begins
    return Fault("", _shown(shown), fault, remedy)


def _twice(at: Location, value: object) -> Fault:
    return Fault(_path(at), _shown(value), "the field is written more than once", "keep one of them")


def _told(finding: Finding) -> Fault:
    value = finding.value.isoformat() if isinstance(finding.value, datetime) else finding.value
    return Fault(_path(finding.at), _shown(value), finding.fault, finding.remedy)


def _path(location: Location) -> str:
    """`("requests", 3, "latest")` as `requests[3].latest`."""
    named = location[:-1] if location[-1:] == ("[key]",) else location  # pydantic's word for the name of a field
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in named]
    return "".join(steps).removeprefix(".")


def _shown(value: object) -> str:
    """The value as JSON, cut where it is long."""
    try:
        shown = json.dumps(value, default=str)
    except (ValueError, RecursionError):  # a number of thousands of digits, or lists within lists
        return f"a {type(value).__name__} too large to show"
    return shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…"


def _tuple(ids: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if ids is None else tuple(ids)


def _objective(model: ObjectiveModel) -> Objective:
    return Objective(model.booked, model.moved, model.inconvenience)


def _problem_as_dict(problem: Problem) -> Mapping[str, object]:
    return {
        "hospitals": [
            {"id": h.id, "timezone": h.timezone, "openings": [_period(o, "start", "end") for o in h.openings]}
            for h in problem.hospitals
        ],
        "doctors": [{"id": d.id, "specialties": sorted(d.specialties)} for d in problem.doctors],
        "availabilities": [
            {"doctor": a.doctor, "hospital": a.hospital, "start": a.start.isoformat(), "end": a.end.isoformat()}
            for a in problem.availabilities
        ],
        "appointments": [
            {
                "id": a.id, "doctor": a.doctor, "hospital": a.hospital, "patient": a.patient,
                "start": a.start.isoformat(), "movable": a.movable,
                "window": None if a.window is None else _period(a.window, "earliest", "latest"),
            }
            for a in problem.appointments
        ],
        "requests": [
            {
                "id": r.id, "patient": r.patient, "priority": str(r.priority), "doctors": r.doctors,
                "specialty": r.specialty, "hospitals": r.hospitals, "earliest": r.earliest.isoformat(),
                "latest": r.latest.isoformat(), "preferred": None if r.preferred is None else r.preferred.isoformat(),
                "moves": r.moves,
            }
            for r in problem.requests
        ],
    }  # fmt: skip


def _period(period: Period, start: str, end: str) -> dict[str, str]:
    return {start: period.start.isoformat(), end: period.end.isoformat()}


def _plan_as_dict(plan: Plan) -> Mapping[str, object]:
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
    return {"doctor": at.doctor, "hospital": at.hospital, "start": at.start.isoformat()}


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
    return {at.isoformat(): price for at, price in prices.items()}
