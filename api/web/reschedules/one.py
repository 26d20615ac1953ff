"""One reschedule: followed while it is planned, then what it would do, and what came of it."""

import datetime as dt
import hashlib
import uuid
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.named import gone
from api.pages import checked, decode_start
from api.times import Now
from api.web import clocks, hospitals, live
from api.web.rendering import is_fragment, page
from api.web.reschedules.extra import extra_hours
from api.web.reschedules.moves import AT_FIRST, read_rows
from api.web.reschedules.pictures import TALL, day_bars, shift_rows
from api.web.reschedules.telling import Told, sentence, tell
from api.web.words import t
from models.rescheduling.inputs import Policy
from models.rescheduling.reading import Kind, history, summary
from models.rescheduling.tables import Reschedule, RescheduleEvent
from models.session import transaction

router = APIRouter(prefix="/app/reschedules/{reschedule_id}")


class Event(NamedTuple):
    """A line of the history."""

    when: str
    status: str
    detail: str


@router.get("")
def show(request: Request, reschedule_id: uuid.UUID, now: Now, seen: str | None = None) -> Response:
    """The page; only what may have changed where a page that shows it asks again, and nothing if it has not."""
    with transaction() as session:
        since = live.since(session)
        told = read(session, request, reschedule_id, now)
        version = _version(told)
        if is_fragment(request) and seen == version:
            return Response(status_code=204)
        context = _context(session, told) | {"version": version}
    template = "reschedules/state.html" if is_fragment(request) else "reschedules/one.html"
    return page(request, template, live_since=since, **context)


@router.get("/appointments")
def list_appointments(
    request: Request,
    reschedule_id: uuid.UUID,
    kind: Kind,
    now: Now,
    after: Annotated[str | None, Query(), checked(lambda cursor: cursor and decode_start(cursor))] = None,
) -> Response:
    """Some of its appointments: a page of its own, or the rows that follow those a page shows."""
    with transaction() as session:
        told = read(session, request, reschedule_id, now)
        found = read_rows(session, reschedule_id, kind, decode_start(after) if after else None)
    template = "reschedules/rows.html" if is_fragment(request) else "reschedules/appointments.html"
    return page(request, template, told=told, kind=kind, found=found)


def read(session: Session, request: Request, reschedule_id: uuid.UUID, now: dt.datetime) -> Told:
    """A job with the words for it.

    Raises
    ------
    Refused
        where there is none.

    """
    job = session.get(Reschedule, reschedule_id)
    if job is None:
        raise gone("reschedule", reschedule_id)
    (told,) = tell(session, [job], hospitals.choose(session, request, None), now)
    return told


def _version(told: Told) -> str:
    """What changes whenever there is anything new to see."""
    stage = hashlib.sha256((told.job.stage or "").encode()).hexdigest()[:8]
    return f"{told.job.version}.{told.counts.left}.{stage}"


def _context(session: Session, told: Told) -> dict[str, Any]:  # Any: what a template reads by name
    job = told.job
    found = summary(session, job.id)
    planned = job.plan is not None
    kinds = (Kind.UNPLACED, Kind.PLACED, Kind.OTHERS) if planned else ()
    rows = {kind: read_rows(session, job.id, kind, limit=AT_FIRST) for kind in kinds}
    return {
        "told": told,
        "found": found,
        "sentence": sentence(told, found) if planned else "",
        "bars": day_bars(found.days),
        "tall": TALL,
        "shifts": shift_rows(found.shifts),
        "rows": {kind.value: found for kind, found in rows.items()},
        "extra": extra_hours(session, job),
        "policy": _policy(told),
        "history": [_event(each, told) for each in history(session, job.id)],
        "replaced_by": session.scalar(select(Reschedule.id).where(Reschedule.replaces == job.id).limit(1)),
    }


def _policy(told: Told) -> list[str]:
    """The policy as sentences."""
    policy: Policy = told.policy
    latest = clocks.when(policy.latest, told.zone) if policy.latest else ""
    return [
        t("reschedules-policy-doctor", same="yes" if policy.same_doctor else "no"),
        t("reschedules-policy-hospital", same="yes" if policy.same_hospital else "no"),
        t("reschedules-policy-others", days=policy.others_within_days, quiet=policy.quiet_days)
        if policy.others_move
        else t("reschedules-policy-nobody-else"),
        t("reschedules-policy-notice", hours=policy.notice_hours),
        *([t("reschedules-policy-within", days=policy.within_days)] if policy.within_days else []),
        t("reschedules-policy-latest", latest=latest) if latest else t("reschedules-policy-28-days"),
        t("reschedules-policy-left", cancelled="yes" if policy.cancel_unplaced else "no"),
    ]


def _event(event: RescheduleEvent, told: Told) -> Event:
    status = t(f"reschedules-status-{event.status}")
    return Event(clocks.when(event.at, told.zone), status, event.detail or "")
