"""The reports: all of them, the newest first, and each with everything that it found."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from fastapi import APIRouter, Query, Request, Response

from api.named import Reference
from api.pages import checked, decode_id, encode
from api.times import UTC, Now
from api.web import clocks, live
from api.web.forms import Left
from api.web.rendering import is_fragment, page, query
from api.web.validation.asked import AT_ONCE, AskedFor
from api.web.validation.progress import follow, scope
from api.web.validation.telling import counted, tell
from api.web.validation.things import Place, read_places, the_place
from api.web.words import LOCALE, t
from models.session import transaction
from models.validation.codes import Severity
from models.validation.jobs import UNFINISHED
from models.validation.reading import ReportTally, select_reports, select_sighted, tally_reports, the_report
from models.validation.tables import Change, ReportStatus, ValidationReport

router = APIRouter(prefix="/app/validation/reports")

PATH = "/app/validation/reports"

_REPORTS_AT_ONCE = 30
_BADGES = {
    ReportStatus.QUEUED: "queued",
    ReportStatus.RUNNING: "planning",
    ReportStatus.FINISHED: "completed",
    ReportStatus.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One report in words. `worst`: the worst that nobody lets be."""

    report: ValidationReport
    title: str
    kind: str
    badge: str
    age: str
    found: str
    worst: Severity | None
    changes: Mapping[Change, int]

    @property
    def waits(self) -> bool:
        """Whether it is not made yet."""
        return self.report.status in UNFINISHED


@dataclass(frozen=True, slots=True)
class StepTaken:
    """What a step of a report took."""

    name: str
    rows: str
    seconds: str


@router.get("")
def list_reports(
    request: Request,
    now: Now,
    hospital: Annotated[Reference | None, Left, Query()] = None,
    before: Annotated[str | None, Left, Query(), checked(lambda cursor: cursor and decode_id(cursor))] = None,
) -> Response:
    """The reports, the newest first; as a fragment, without the page around them."""
    with transaction() as session:
        since = live.since(session)
        places = read_places(session)
        place = the_place(places, hospital)
        rows = select_reports(hospital=place.id if place else None, everything=True)
        if before:
            rows = rows.where(ValidationReport.id < decode_id(before))
        found = session.scalars(rows.limit(_REPORTS_AT_ONCE + 1)).all()
        shown = found[:_REPORTS_AT_ONCE]
        tallies = tally_reports(session, shown, now)
    older = encode(shown[-1].id) if len(found) > len(shown) else None
    return page(
        request,
        "validation/reports_rows.html" if is_fragment(request) else "validation/reports.html",
        rows=[_line(report, tallies[report.id], places, now) for report in shown],
        places=list(places.values()),
        place=place,
        before=before,
        newest=PATH + query({"hospital": hospital}),
        older=older and PATH + query({"hospital": hospital, "before": older}),
        live_since=since,
    )


@router.get("/{report_id}")
def show_report(request: Request, report_id: uuid.UUID, asked: AskedFor, now: Now) -> Response:
    """A report: how far it is, or everything that it found; as a fragment, without the page around it."""
    with transaction() as session:
        since = live.since(session)
        report = the_report(session, report_id)
        places = read_places(session)
        tally = tally_reports(session, [report], now)[report_id]
        rows = select_sighted(report_id, asked.wanted(), now, [asked.change] if asked.change else ())
        found = session.execute(rows.limit(AT_ONCE + 1)).all()
        shown = found[:AT_ONCE]
        told = tell(session, [row[0] for row in shown], now, [row[1] for row in shown])
    path = f"{PATH}/{report_id}"
    return page(
        request,
        "validation/report_state.html" if is_fragment(request) else "validation/report.html",
        line=_line(report, tally, places, now),
        running=follow([report], places) if report.status in UNFINISHED else None,
        rows=told,
        following=asked.following(shown[-1][0], path) if len(found) > len(shown) else None,
        asked=asked,
        path=path,
        facts=_facts(report, places),
        steps=_steps(report.steps),
        live_since=since,
    )


def _line(report: ValidationReport, tally: ReportTally, places: Mapping[uuid.UUID, Place], now: dt.datetime) -> Line:
    night = clocks.short_day(report.night) if report.night else ""
    seen = tally.seen.severities
    return Line(
        report,
        scope(report, places),
        t("validation-kind-night", night=night) if night else t("validation-kind-asked"),
        _BADGES[report.status],
        clocks.ago(report.created_at, now),
        _found(report, seen),
        tally.seen.worst,
        tally.changes,
    )


def _found(report: ValidationReport, seen: Mapping[Severity, int]) -> str:
    """1 error; so far, where it was not finished."""
    found = counted(seen) if any(seen.values()) else t("validation-nothing")
    return found if report.status is ReportStatus.FINISHED else t("validation-so-far", found=found)


def _facts(report: ValidationReport, places: Mapping[uuid.UUID, Place]) -> list[tuple[str, str]]:
    """When it was asked for, begun and finished, and how long that took."""
    place = places.get(report.hospital_id) if report.hospital_id else None
    zone: ZoneInfo = place.zone if place else UTC
    facts = [
        (t("validation-asked-at"), clocks.when(report.created_at, zone)),
        *([(t("validation-begun-at"), clocks.when(report.started_at, zone))] if report.started_at else []),
        *([(t("validation-ended-at"), clocks.when(report.finished_at, zone))] if report.finished_at else []),
        (t("validation-clock"), f"{clocks.place(zone)}, {clocks.offset(report.created_at, zone)}"),
    ]
    if report.started_at and report.finished_at:
        lasted = clocks.lasting((report.finished_at - report.started_at).total_seconds())
        facts.append((t("validation-lasted"), lasted))
    return facts


def _steps(steps: Mapping[str, Any]) -> Sequence[StepTaken]:  # Any: see `ValidationReport.steps`
    return [
        StepTaken(name, format_decimal(taken["rows"], locale=LOCALE), f"{taken['seconds']:,.1f}")
        for name, taken in steps.items()
    ]
