"""`/app/validation`: what is wrong now, when that was looked at last, and looking at it now."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.bell import RungBell
from api.times import UTC, Now
from api.web import clocks, live
from api.web.forms import SentForm, first
from api.web.rendering import is_fragment, page, query, told
from api.web.validation.asked import AT_ONCE, Asked, AskedFor
from api.web.validation.checked import Checked, read_checked, read_unfinished
from api.web.validation.progress import follow
from api.web.validation.telling import counted, tell, title
from api.web.validation.things import Place, read_places, the_place
from api.web.words import t
from models.access.reach import of
from models.session import transaction
from models.validation.codes import Code, Severity
from models.validation.jobs import POLICY, queue_report
from models.validation.reading import Wanted, concerns, select_findings
from models.validation.recording import KEPT
from models.validation.tables import Change, Finding, ReportStatus, ValidationReport

router = APIRouter(prefix="/app/validation")

PATH = "/app/validation"

CHANGED = "validation-changed"
"""What a page hears that shows findings or reports."""


@dataclass(frozen=True, slots=True)
class Headline:
    """What stands, in one sentence. `tone`: the class of its colour."""

    says: str
    tone: str
    about: tuple[str, ...]


@router.get("")
def show_findings(request: Request, asked: AskedFor, now: Now) -> Response:
    """What stands now, the worst first; as a fragment, without the page around it."""
    with transaction() as session:
        since = live.since(session)
        places = read_places(session)
        place = the_place(places, asked.hospital)
        checked = read_checked(session, [place.id] if place else list(places), now)
        context = _findings(session, asked, place, now)
        context["headline"] = _headline(session, checked, context["open"], context["known"], place, now)
        running = follow(checked.unfinished, places)
    return page(
        request,
        "validation/standing.html" if is_fragment(request) else "validation/page.html",
        asked=asked,
        places=list(places.values()),
        place=place,
        checked=checked,
        running=running,
        uncounted=_uncounted(checked),
        live_since=since,
        live_hospital=None,
        **context,
    )


@router.post("")
def validate_now(request: Request, sent: SentForm, now: Now, bell: RungBell) -> Response:
    """Queue a validation of a hospital, or of everything."""
    reference = first(sent, "hospital")
    with transaction() as session:
        places = read_places(session)
        place = the_place(places, reference)
        # All hospitals, for whoever acts at some only, are those one by one.
        everything = list(places) if of(session).is_bounded else [None]
        for each in [place.id] if place else everything:
            queue_report(session, each, POLICY, now)
    bell.ring()
    if not is_fragment(request):
        return RedirectResponse(PATH + query({"hospital": reference}), status_code=303)
    return told(Response(status_code=204), t("validation-begun"), changed=CHANGED)


@router.get("/progress")
def show_progress(request: Request, asked: AskedFor) -> Response:
    """How far the validations are that run; once none does any more, the page looks again at everything."""
    with transaction() as session:
        places = read_places(session)
        place = the_place(places, asked.hospital)
        unfinished = read_unfinished(session, [place.id] if place else list(places))
    response = page(request, "validation/progress.html", running=follow(unfinished, places), asked=asked)
    return response if unfinished else told(response, changed=CHANGED)


def _findings(session: Session, asked: Asked, place: Place | None, now: dt.datetime) -> dict[str, Any]:
    """The findings asked for, and how many there are of each kind."""
    hospital = place.id if place else None
    known = asked.known == "yes"
    open_, let_be = (_counts(session, now, hospital, known=each) for each in (False, True))
    codes = let_be if known else open_
    rows = select_findings(asked.wanted(hospital, acknowledged=known), now)
    found = session.scalars(rows.limit(AT_ONCE + 1)).all()
    return {
        "rows": tell(session, found[:AT_ONCE], now),
        "following": asked.following(found[AT_ONCE - 1]) if len(found) > AT_ONCE else None,
        "open": _by_severity(open_),
        "known": sum(let_be.values()),
        "shown": _by_severity(codes),
        "codes": [(code, title(code), count) for code, count in _worst_first(codes)],
    }


def _counts(session: Session, now: dt.datetime, hospital: uuid.UUID | None, *, known: bool) -> dict[Code, int]:
    rows = select_findings(Wanted(hospital, acknowledged=known), now).order_by(None)
    return dict(session.execute(rows.with_only_columns(Finding.code, func.count()).group_by(Finding.code)).all())


def _by_severity(counts: Mapping[Code, int]) -> dict[Severity, int]:
    return {
        severity: sum(count for code, count in counts.items() if code.severity is severity) for severity in Severity
    }


def _worst_first(counts: Mapping[Code, int]) -> Sequence[tuple[Code, int]]:
    worst = list(Severity)
    return sorted(counts.items(), key=lambda each: (worst.index(each[0].severity), title(each[0])))


def _headline(
    session: Session, checked: Checked, open_: Mapping[Severity, int], known: int, place: Place | None, now: dt.datetime
) -> Headline:
    about = [*_checked(checked, place, now), *([t("validation-let-be", count=known)] if known else [])]
    worst = next((severity for severity in Severity if open_[severity]), None)
    if worst:
        tone = {Severity.ERROR: "bad", Severity.WARNING: "warn", Severity.NOTICE: ""}[worst]
        return Headline(counted(open_), tone, tuple(about))
    if checked.at is None:
        return Headline(t("validation-never-whole"), "warn", tuple(about))
    since = _clean_since(session, place) or checked.at
    day = since.astimezone(place.zone if place else UTC).date()
    return Headline(t("validation-clean", since=clocks.day(day)), "good", tuple(about))


def _clean_since(session: Session, place: Place | None) -> dt.datetime | None:
    """When the last finding went; where there never was one, when was looked first."""
    gone = session.scalar(select(func.max(Finding.gone_at)).where(concerns(place.id if place else None)))
    looked = select(func.min(ValidationReport.finished_at)).where(ValidationReport.status == ReportStatus.FINISHED)
    if place:
        of_it = ValidationReport.hospital_id.is_(None) | (ValidationReport.hospital_id == place.id)
        looked = looked.where(of_it)
    return gone or session.scalar(looked)


def _checked(checked: Checked, place: Place | None, now: dt.datetime) -> list[str]:
    """When was looked, and what has changed since the time before."""
    said = []
    if checked.at:
        when = t("validation-when", ago=clocks.ago(checked.at, now), what="one" if len(checked.reports) == 1 else "all")
        new, standing, gone = (checked.changes[change] for change in (Change.NEW, Change.STANDING, Change.GONE))
        said.append(f"{when} {t('validation-compared', new=new, standing=standing, gone=gone)}")
    elif checked.never:
        said.append(t("validation-not-yet-one") if place else t("validation-not-yet-all", count=checked.never))
    return said


def _uncounted(checked: Checked) -> list[str]:
    """Of which findings there were too many to keep them all."""
    many = {name: count for report in checked.reports for name, count in report.counts.items() if count > KEPT}
    return [t("validation-too-many", what=title(Code(name)), count=count, kept=KEPT) for name, count in many.items()]
