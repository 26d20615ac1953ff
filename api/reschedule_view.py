"""How reschedules are shown: in a list, and whole."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.named import HospitalName, PersonName, hospital_names, user_names
from api.planning_runs import ProofOut
from api.times import UTC, InstantOut, local
from models.booking import JsonObject
from models.inputs import WeekHours
from models.overview.runs import proof
from models.rescheduling import reading
from models.rescheduling.inputs import Policy, Scope
from models.rescheduling.tables import Cause, Reschedule, RescheduleEvent, RescheduleStatus
from planner.problem import HOUR

STAGES = ("reading", "planning", "looking for extra hours", "writing the proposal")
"""What a worker does in turn; what comes after a colon says more of a stage."""


class ScopeOut(BaseModel):
    """Which hours are lost."""

    doctors: list[PersonName] | None
    hospital: HospitalName | None
    start: InstantOut | None
    end: InstantOut | None
    operating_hours: WeekHours | None
    appointments: int | None = Field(description="How many appointments were named, where it is these that lose hours")


class CountsOut(BaseModel):
    """How many appointments it is about."""

    displaced: int
    placed: int | None = Field(description="Displaced ones with another hour; null: not planned as yet")
    unplaced: int | None = Field(description="Displaced ones without; null: not planned as yet")
    others: int | None = Field(description="Others that move to make room; null: not planned as yet")
    left: int = Field(description="Unplaced ones that were left standing and still have to be seen to")


class RescheduleLine(BaseModel):
    """A reschedule, as lists have it."""

    id: uuid.UUID
    cause: Cause
    label: str | None
    what_if: bool = Field(description="Only asked: nothing is held, and it cannot be applied")
    dry_run: bool = Field(description="false: it is applied as soon as it is planned")
    replaces: uuid.UUID | None = Field(description="The reschedule that it plans again")
    scope: ScopeOut
    policy: Policy
    status: RescheduleStatus
    stage: str | None = Field(description="What the planner is doing just now", examples=["planning: relaxation"])
    progress: float = Field(description="The share of the planner's stages that are done, from 0 to 1", examples=[0.25])
    failure: str | None
    counts: CountsOut
    proof: ProofOut | None = Field(description="Whether no plan is better; null: not planned as yet")
    created_at: InstantOut
    planned_at: InstantOut | None
    version: int


class ShiftsOut(BaseModel):
    """How far the appointments that move are from their old hours: whole hours, rounded down."""

    total: int
    median: float
    longest: int


class DayOut(BaseModel):
    """How many of its appointments are on a local day, before and after."""

    model_config = ConfigDict(from_attributes=True)

    date: dt.date
    before: int
    after: int


class ShiftBinOut(BaseModel):
    """How many appointments move by `first` to `last` whole hours, both included; null: or more."""

    model_config = ConfigDict(from_attributes=True)

    first: int
    last: int | None
    count: int


class SummaryOut(BaseModel):
    """What the proposal comes to."""

    doctor_changes: int
    hospital_changes: int
    shift_hours: ShiftsOut
    days: list[DayOut]
    shifts: list[ShiftBinOut]

    @classmethod
    def of(cls, summary: reading.Summary) -> Self:
        """The numbers of a proposal, less the counts."""
        return cls(
            doctor_changes=summary.doctor_changes,
            hospital_changes=summary.hospital_changes,
            shift_hours=ShiftsOut(
                total=summary.shift_total, median=summary.shift_median, longest=summary.shift_longest
            ),
            days=[DayOut.model_validate(each) for each in summary.days],
            shifts=[ShiftBinOut.model_validate(each) for each in summary.shifts],
        )


class ExtraHourOut(BaseModel):
    """An hour that is no availability, and the appointment that would be placed were it one."""

    doctor: PersonName
    hospital: HospitalName
    start: InstantOut
    end: InstantOut
    appointment: uuid.UUID


class ExtraHoursOut(BaseModel):
    """The fewest hours that would place the most of those left over; the first k are the best k."""

    hours: list[ExtraHourOut]
    placed: int = Field(description="How many more appointments all of them place")
    left: list[uuid.UUID] = Field(description="Appointments that no extra hour helps")
    proved: bool = Field(description="Whether no other hours place more, nor fewer hours as many")


class EventOut(BaseModel):
    """Something that happened to a reschedule."""

    at: InstantOut
    status: RescheduleStatus
    detail: str | None


class RescheduleOut(RescheduleLine):
    """A reschedule: what was asked, how far it is, what is proposed and what came of it."""

    summary: SummaryOut | None = Field(description="null: not planned as yet")
    plan: JsonObject | None = Field(description="The plan's status, objective, bound and receipt")
    extra_hours: ExtraHoursOut | None = Field(description="null: nobody is left over, or not planned as yet")
    history: list[EventOut] = Field(description="Oldest first")


def lines(session: Session, jobs: Sequence[Reschedule]) -> list[RescheduleLine]:
    """Reschedules as lists have them, with a fixed number of queries however many there are."""
    return [RescheduleLine(**fields) for fields in _fields(session, jobs)]


def whole(session: Session, job: Reschedule) -> RescheduleOut:
    """One reschedule with all there is to say of it."""
    (fields,) = _fields(session, [job])
    return RescheduleOut(
        **fields,
        summary=SummaryOut.of(reading.summary(session, job.id)) if job.planned_at else None,
        plan=job.plan,
        extra_hours=_extra_hours(session, job.extra_hours) if job.extra_hours else None,
        history=[_event(each) for each in reading.history(session, job.id)],
    )


def _fields(session: Session, jobs: Sequence[Reschedule]) -> Iterator[dict[str, Any]]:  # Any: fields of several types
    scopes = [Scope.model_validate(job.scope) for job in jobs]
    doctors = user_names(session, (each for scope in scopes for each in scope.doctors or ()))
    hospitals = hospital_names(session, (scope.hospital for scope in scopes if scope.hospital))
    counts = reading.counts(session, [job.id for job in jobs])
    for job, scope in zip(jobs, scopes, strict=True):
        found = proof(job.plan)
        yield {
            "id": job.id,
            "cause": job.cause,
            "label": job.label,
            "what_if": job.what_if,
            "dry_run": job.dry_run,
            "replaces": job.replaces,
            "scope": _scope(scope, doctors, hospitals),
            "policy": Policy.model_validate(job.policy),
            "status": job.status,
            "stage": job.stage,
            "progress": _progress(job),
            "failure": job.failure,
            "counts": _counts(job, counts[job.id]),
            "proof": found and ProofOut.model_validate(found),
            "created_at": local(job.created_at, UTC),
            "planned_at": job.planned_at and local(job.planned_at, UTC),
            "version": job.version,
        }


def _scope(
    scope: Scope, doctors: Mapping[uuid.UUID, PersonName], hospitals: Mapping[uuid.UUID, HospitalName]
) -> ScopeOut:
    hospital = hospitals[scope.hospital] if scope.hospital else None
    zone = ZoneInfo(hospital.timezone) if hospital else UTC
    return ScopeOut(
        doctors=None if scope.doctors is None else [doctors[each] for each in scope.doctors],
        hospital=hospital,
        start=scope.start and local(scope.start, zone),
        end=scope.end and local(scope.end, zone),
        operating_hours=scope.operating_hours,
        appointments=None if scope.hours is None else len(scope.hours),
    )


def _progress(job: Reschedule) -> float:
    if job.status is RescheduleStatus.QUEUED:
        return 0
    if job.status is not RescheduleStatus.PLANNING:
        return 1
    stage = (job.stage or "").partition(":")[0]
    return STAGES.index(stage) / len(STAGES) if stage in STAGES else 0


def _counts(job: Reschedule, counts: reading.Counts) -> CountsOut:
    """The counts of a job: before it is planned nobody is placed or left out."""
    planned = job.planned_at is not None
    return CountsOut(
        displaced=counts.displaced,
        placed=counts.placed if planned else None,
        unplaced=counts.unplaced if planned else None,
        others=counts.others if planned else None,
        left=counts.left,
    )


def _extra_hours(session: Session, found: JsonObject) -> ExtraHoursOut:
    doctors = user_names(session, (uuid.UUID(each["doctor"]) for each in found["hours"]))
    hospitals = hospital_names(session, (uuid.UUID(each["hospital"]) for each in found["hours"]))
    return ExtraHoursOut(
        hours=list(_hours(found["hours"], doctors, hospitals)),
        placed=found["placed"],
        left=found["left"],
        proved=found["proved"],
    )


def _hours(
    hours: Iterable[JsonObject], doctors: Mapping[uuid.UUID, PersonName], hospitals: Mapping[uuid.UUID, HospitalName]
) -> Iterator[ExtraHourOut]:
    for each in hours:
        hospital = hospitals[uuid.UUID(each["hospital"])]
        zone, start = ZoneInfo(hospital.timezone), dt.datetime.fromisoformat(each["start"])
        yield ExtraHourOut(
            doctor=doctors[uuid.UUID(each["doctor"])],
            hospital=hospital,
            start=local(start, zone),
            end=local(start.astimezone(dt.UTC) + HOUR, zone),
            appointment=each["appointment"],
        )


def _event(event: RescheduleEvent) -> EventOut:
    return EventOut(at=local(event.at, UTC), status=event.status, detail=event.detail)
