"""Validation reports: every hospital's own night makes one, and whoever wants to know now asks for one."""

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import examples
from api.bell import RungBell
from api.booking_requests import RETRY_AFTER
from api.finding_view import SightedOut, sighted_shown
from api.findings import Acknowledged, Codes, Severities
from api.idempotency import Answer, Posted
from api.named import HospitalFilter, hospital_filter
from api.pages import ById, ByNumber, ByRank, Page
from api.problems import documented
from api.times import LocalDate, Now
from api.validation_view import (
    FragilityOut,
    HourValueOut,
    ReportLine,
    ReportOut,
    fragility_shown,
    hour_values_shown,
    report_lines,
    whole_report,
)
from api.waiting import Patient
from models.faults import refuse_if
from models.inputs import Input, Text
from models.references import find_hospitals, unknown
from models.rescheduling.inputs import Policy
from models.session import transaction
from models.validation.jobs import POLICY, UNFINISHED, queue_report
from models.validation.reading import (
    RANK,
    Wanted,
    fragility_of,
    hour_values_of,
    select_reports,
    select_sighted,
    the_report,
)
from models.validation.tables import Change, ReportStatus, ValidationReport

router = APIRouter(prefix="/validation-reports", tags=["Validation"])

NO_REPORT = documented(not_found=["unknown_validation_report"])
NO_REPORT_NOR_HOSPITAL = documented(not_found=["unknown_validation_report"], invalid=["unknown_hospital"])


class ValidationIn(Input):
    """What is to be validated."""

    hospital: Text | None = Field(None, description="Only its schedule (`external_id` or `id`); null: everything")
    policy: Policy = Field(
        POLICY, description="How appointments may be placed again; left out: with another doctor, at the same hospital"
    )


@router.post(
    "",
    status_code=202,
    response_model=ReportOut,
    summary="Validate now",
    openapi_extra=examples.body(examples.VALIDATION),
    responses=documented(invalid=["unknown_hospital", "missing", "invalid_value"]),
)
def validate_now(post: Posted, bell: RungBell, now: Now, asked: ValidationIn | None = None) -> Response:
    """Check the schedule of a hospital, or of all, without waiting for the night. Poll `Location` until it is
    `finished`.

    Whoever asks for what is queued or running already is given that one. Without a body everything is validated, or the
    hospital where you act, if you act at one only.
    """
    wanted = asked or ValidationIn()

    def work(session: Session) -> Answer:
        hospital = _hospital(session, wanted.hospital)
        report = queue_report(session, hospital, wanted.policy, now)
        session.expire_all()
        headers = {"Location": f"/validation-reports/{report}", **RETRY_AFTER}
        return Answer(202, whole_report(session, the_report(session, report), now), headers)

    return post.once(work, then=bell.ring)


@router.get("", summary="List validation reports", responses=documented(invalid=["unknown_hospital", "not_a_choice"]))
def list_reports(
    asked: ById,
    now: Now,
    hospital: HospitalFilter = None,
    status: Annotated[list[ReportStatus], Query(description="Only of this status; repeat it for several")] = [],  # noqa: B006  # FastAPI copies defaults
    nightly: Annotated[bool | None, Query(description="Only those of nights, or only those asked for")] = None,
    night: Annotated[LocalDate | None, Query(description="Only of this night, by the hospitals' dates")] = None,
) -> Page[ReportLine]:
    """Validation reports, newest first. Those of a hospital are its own; those of everything are none of its."""
    with transaction() as session:
        rows = select_reports(
            hospital=hospital_filter(session, hospital), statuses=status, nightly=nightly, night=night
        ).limit(asked.limit + 1)
        if asked.after:
            rows = rows.where(ValidationReport.id < asked.after)
        found = session.scalars(rows).all()
        return asked.page(found, lambda row: (row.id,), lambda page: report_lines(session, page, now))


@router.get("/{report_id}", summary="Read a validation report", responses=NO_REPORT)
async def read_report(report_id: uuid.UUID, patience: Patient, response: Response, now: Now) -> ReportOut:
    """How far a validation is and what it came to. `Prefer: wait=N` holds the answer back up to N seconds (at most 30)
    until it is finished.
    """

    def status() -> ReportStatus | None:
        with transaction() as session:
            return session.scalar(select(ValidationReport.status).where(ValidationReport.id == report_id))

    await patience.until(status, lambda seen: seen not in UNFINISHED)
    found = await run_in_threadpool(_read, report_id, now)
    if found.status in UNFINISHED:
        response.headers.update(RETRY_AFTER)
    return found


@router.get("/{report_id}/findings", summary="Read the findings of a validation report", responses=NO_REPORT)
def list_findings(
    report_id: uuid.UUID,
    asked: ByRank,
    now: Now,
    severity: Severities = [],  # noqa: B006  # FastAPI copies defaults
    code: Codes = [],  # noqa: B006
    change: Annotated[list[Change], Query(description="Only with this change; repeat it for several")] = [],  # noqa: B006
    acknowledged: Acknowledged = None,
) -> Page[SightedOut]:
    """What it saw, and (`gone`) what it saw no longer: the worst first. Of a finding that was seen again since, this is
    what was seen last.
    """
    wanted = Wanted(severities=severity, codes=code, acknowledged=acknowledged, after=asked.after)
    with transaction() as session:
        the_report(session, report_id)
        found = session.execute(select_sighted(report_id, wanted, now, change).limit(asked.limit + 1)).all()
        return asked.page(
            [(finding, change) for finding, change in found],
            lambda row: (RANK[row[0].severity], row[0].id),
            lambda page: sighted_shown(session, page, now),
        )


@router.get("/{report_id}/fragility", summary="Read which days may not be lost", responses=NO_REPORT_NOR_HOSPITAL)
def list_fragility(report_id: uuid.UUID, asked: ByNumber, hospital: HospitalFilter = None) -> Page[FragilityOut]:
    """For each day of the next two weeks on which a doctor or a hospital has appointments: how many of them could be
    placed again if it were lost. Those days first that would leave the most without an hour.
    """
    begin = asked.after or 0
    with transaction() as session:
        the_report(session, report_id)
        where = hospital_filter(session, hospital)
        found = fragility_of(session, report_id, where, after=begin, limit=asked.limit + 1)
        return asked.page(found, lambda _: (begin + asked.limit,), lambda page: fragility_shown(session, page))


@router.get(
    "/{report_id}/hour-values", summary="Read what one more hour would be worth", responses=NO_REPORT_NOR_HOSPITAL
)
def list_hour_values(report_id: uuid.UUID, asked: ByNumber, hospital: HospitalFilter = None) -> Page[HourValueOut]:
    """By specialty, hospital and day: how many waiting requests one more hour would book. Those hours first that book
    the most important ones.
    """
    begin = asked.after or 0
    with transaction() as session:
        the_report(session, report_id)
        where = hospital_filter(session, hospital)
        found = hour_values_of(session, report_id, where, after=begin, limit=asked.limit + 1)
        return asked.page(found, lambda _: (begin + asked.limit,), lambda page: hour_values_shown(session, page))


def _hospital(session: Session, reference: str | None) -> uuid.UUID | None:
    if reference is None:
        return None
    found = find_hospitals(session, [reference])
    refuse_if([] if reference in found else [unknown("hospital", "hospital", reference)])
    return found[reference].id


def _read(report_id: uuid.UUID, now: dt.datetime) -> ReportOut:
    with transaction() as session:
        return whole_report(session, the_report(session, report_id), now)
