"""How validation reports are shown, and what a night found out about the days ahead."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.finding_view import Names
from api.named import HospitalName, PersonName
from api.times import InstantOut, local
from models.rescheduling.inputs import Policy
from models.validation.codes import Code, Severity
from models.validation.reading import ReportTally, tally_reports
from models.validation.tables import Change, Fragility, HourValue, ReportStatus, ValidationReport
from planner.problem import HOUR, Priority


class ProgressOut(BaseModel):
    """How far a report is."""

    done: int = Field(description="Rows looked at")
    total: int | None = Field(description="Rows to look at, about; null: not known as yet")
    share: float = Field(description="The share that is done, from 0 to 1", examples=[0.25])


class ReportLine(BaseModel):
    """A validation report, as lists have it."""

    id: uuid.UUID
    hospital: HospitalName | None = Field(description="null: everything was validated")
    night: dt.date | None = Field(description="The hospital's date; null: somebody asked for it")
    policy: Policy = Field(description="How appointments may be placed again")
    status: ReportStatus
    step: str | None = Field(description="What is being checked just now", examples=["Clocks"])
    progress: ProgressOut
    counts: dict[Code, int] = Field(description="How many findings it saw, by code, the worst first")
    severities: dict[Severity, int] = Field(description="How many findings it saw, by severity")
    severity: Severity | None = Field(description="The worst that nobody has acknowledged; null: there is none")
    acknowledged: int = Field(description="How many of them somebody knows of and lets be")
    changes: dict[Change, int] = Field(description="How its findings compare with those before")
    failure: str | None
    created_at: InstantOut
    started_at: InstantOut | None = Field(description="What ended before was not looked at")
    finished_at: InstantOut | None


class StepOut(BaseModel):
    """One of the things that a validation does."""

    name: str
    rows: int = Field(description="Rows looked at")
    seconds: float


class ReportOut(ReportLine):
    """A validation report: how far it is, and what it came to."""

    steps: list[StepOut] = Field(description="What was carried out so far, by name")
    unchecked: list[str] = Field(description="Codes that could not be looked for, since a check failed")


class FragilityOut(BaseModel):
    """What losing a day of a doctor, or of a whole hospital, would do."""

    hospital: HospitalName
    doctor: PersonName | None = Field(description="null: the whole hospital is lost")
    date: dt.date = Field(description="By the hospital's clock")
    appointments: int = Field(description="How many appointments lose their hour")
    replaceable: int = Field(description="How many of them could be placed again within the policy")
    stranded: list[uuid.UUID] = Field(description="The appointments that could not; others might be in their place")
    proved: bool = Field(description="false: more might be placed again than was found")


class HourValueOut(BaseModel):
    """What one more hour of a specialty would be worth on a day."""

    hospital: HospitalName
    specialty: str
    date: dt.date = Field(description="By the hospital's clock")
    waiting: int = Field(description="Waiting requests that cannot be booked as things are and would take such an hour")
    books: int = Field(description="How many more of all waiting requests one more hour books")
    priority: Priority | None = Field(description="Of the most important one that it books")
    doctor: PersonName | None = Field(description="Whose hour is worth the most")
    start: InstantOut | None = Field(description="When that hour starts")
    end: InstantOut | None
    proved: bool = Field(description="Whether planning it all again came to the same; false: an estimate")


def report_lines(session: Session, reports: Sequence[ValidationReport], now: dt.datetime) -> list[ReportLine]:
    """Reports as lists have them, with a fixed number of queries however many there are."""
    return [ReportLine(**fields) for fields in _report_fields(session, reports, now)]


def whole_report(session: Session, report: ValidationReport, now: dt.datetime) -> ReportOut:
    """One report with all there is to say of it, besides its findings."""
    (fields,) = _report_fields(session, [report], now)
    steps = [StepOut(name=name, **done) for name, done in sorted(report.steps.items())]
    return ReportOut(**fields, steps=steps, unchecked=report.unchecked)


def fragility_shown(session: Session, rows: Sequence[Fragility]) -> list[FragilityOut]:
    """Days that may be lost."""
    names = Names(session, (row.hospital_id for row in rows), (row.doctor_id for row in rows if row.doctor_id))
    return [
        FragilityOut(
            hospital=names.hospital(row.hospital_id),
            doctor=names.doctor(row.doctor_id) if row.doctor_id else None,
            date=row.date,
            appointments=row.appointments,
            replaceable=row.replaceable,
            stranded=row.stranded,
            proved=row.proved,
        )
        for row in rows
    ]


def hour_values_shown(session: Session, rows: Sequence[HourValue]) -> list[HourValueOut]:
    """Hours that could be added."""
    names = Names(session, (row.hospital_id for row in rows), (row.doctor_id for row in rows if row.doctor_id))
    return [
        HourValueOut(
            hospital=names.hospital(row.hospital_id),
            specialty=row.specialty,
            date=row.date,
            waiting=row.waiting,
            books=row.books,
            priority=row.priority,
            doctor=names.doctor(row.doctor_id) if row.doctor_id else None,
            start=row.start and local(row.start, names.zone([row.hospital_id])),
            end=row.start and local(row.start + HOUR, names.zone([row.hospital_id])),
            proved=row.proved,
        )
        for row in rows
    ]


def _report_fields(
    session: Session, reports: Sequence[ValidationReport], now: dt.datetime
) -> Iterator[dict[str, Any]]:  # Any: fields of several types
    names = Names(session, (report.hospital_id for report in reports if report.hospital_id))
    tallies = tally_reports(session, reports, now)
    for report in reports:
        zone = names.zone([report.hospital_id] if report.hospital_id else [])
        yield {
            "id": report.id,
            "hospital": names.hospital(report.hospital_id) if report.hospital_id else None,
            "night": report.night,
            "policy": Policy.model_validate(report.policy),
            "status": report.status,
            "step": report.step,
            "progress": _progress(report),
            **_tallied(tallies[report.id]),
            "failure": report.failure,
            "created_at": local(report.created_at, zone),
            "started_at": report.started_at and local(report.started_at, zone),
            "finished_at": report.finished_at and local(report.finished_at, zone),
        }


def _tallied(tally: ReportTally) -> dict[str, Any]:  # Any: fields of several types
    return {
        "counts": tally.seen.codes,
        "severities": tally.seen.severities,
        "severity": tally.seen.worst,
        "acknowledged": tally.seen.acknowledged,
        "changes": tally.changes,
    }


def _progress(report: ValidationReport) -> ProgressOut:
    if report.status is ReportStatus.FINISHED:
        share = 1.0
    else:  # the total is an estimate: what is left undone keeps it below the whole
        share = min(report.done / report.total, 0.99) if report.total else 0.0
    return ProgressOut(done=report.done, total=report.total, share=round(share, 3))
