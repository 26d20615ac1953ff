"""Findings of validations: what stands, what somebody knows of, and what would mend it."""

import datetime as dt
import uuid
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api import examples
from api.bell import RungBell
from api.finding_view import FindingOut, findings_shown
from api.idempotency import Answer, Posted
from api.named import HospitalFilter, hospital_filter
from api.pages import ByRank, Page
from api.problems import Summed, documented
from api.times import Now
from models.faults import Refused
from models.session import transaction
from models.validation.acknowledging import Acknowledgement, acknowledge, unacknowledge
from models.validation.codes import Code, Severity
from models.validation.reading import RANK, Wanted, select_findings, the_finding
from models.validation.remedies import Made, apply_remedy

router = APIRouter(prefix="/findings", tags=["Validation"])

Severities = Annotated[list[Severity], Query(description="Only of this severity; repeat it for several")]
Codes = Annotated[list[Code], Query(description="Only of this code; repeat it for several")]
Acknowledged = Annotated[
    bool | None, Query(description="Only those that somebody knows of and lets be, or only the others")
]

_PLACES = {
    "reschedule": "/reschedules",
    "appointment": "/appointments",
}
"""Where to read what a remedy made."""


class AppliedOut(BaseModel):
    """What became of a finding whose remedy was applied."""

    finding: FindingOut
    made: dict[str, str] = Field(
        description="The ids of what the remedy made or changed, by what it is", examples=[{"reschedule": "0198c5a0…"}]
    )


@router.get("", summary="List findings", responses=documented(invalid=["unknown_hospital", "not_a_choice"]))
def list_findings(
    asked: ByRank,
    now: Now,
    hospital: HospitalFilter = None,
    severity: Severities = [],  # noqa: B006  # FastAPI copies defaults
    code: Codes = [],  # noqa: B006
    acknowledged: Acknowledged = None,
) -> Page[FindingOut]:
    """Findings that stand, whichever validation saw them last: the worst first, and of those the oldest. Those of a
    hospital are all that concern it.
    """
    with transaction() as session:
        where = hospital_filter(session, hospital)
        wanted = Wanted(where, severity, code, acknowledged, asked.after)
        found = session.scalars(select_findings(wanted, now).limit(asked.limit + 1)).all()
        return asked.page(
            found, lambda row: (RANK[row.severity], row.id), lambda page: findings_shown(session, page, now)
        )


@router.get("/{finding_id}", summary="Read a finding", responses=documented(not_found=["unknown_finding"]))
def read_finding(finding_id: uuid.UUID, now: Now) -> FindingOut:
    """One finding, whether it stands or is gone."""
    with transaction() as session:
        return _shown(session, finding_id, now)


@router.post(
    "/{finding_id}/acknowledge",
    response_model=FindingOut,
    summary="Acknowledge a finding",
    openapi_extra=examples.body(examples.ACKNOWLEDGEMENT),
    responses=documented(
        not_found=["unknown_finding"], clash=["finding_gone"], invalid=["until_passed", "until_too_far"]
    ),
)
def acknowledge_finding(post: Posted, finding_id: uuid.UUID, asked: Acknowledgement, now: Now) -> Response:
    """Say why a finding may be, and how long. Until then it does not count for how bad things are; it is told all the
    same. It takes the place of an acknowledgement that the finding has already.
    """

    def work(session: Session) -> Answer:
        acknowledge(session, finding_id, asked, now)
        return Answer(200, _shown(session, finding_id, now))

    return post.once(work)


@router.post(
    "/{finding_id}/unacknowledge",
    response_model=FindingOut,
    summary="Take an acknowledgement back",
    responses=documented(not_found=["unknown_finding"]),
)
def unacknowledge_finding(post: Posted, finding_id: uuid.UUID, now: Now) -> Response:
    """Let a finding count again. Where it is not acknowledged nothing changes."""

    def work(session: Session) -> Answer:
        unacknowledge(session, finding_id)
        return Answer(200, _shown(session, finding_id, now))

    return post.once(work)


@router.post(
    "/{finding_id}/apply-remedy",
    response_model=AppliedOut,
    summary="Apply the remedy of a finding",
    responses=documented(
        not_found=["unknown_finding"],
        clash=["remedy_outdated", "no_remedy", "finding_gone", "finding_remedied", "remedy_not_ours"],
    ),
)
def apply_the_remedy(post: Posted, finding_id: uuid.UUID, bell: RungBell, now: Now) -> Response:
    """Do what mends it, all of it or nothing. If it does not fit any more, `errors` says why, and a POST to `remedy`
    validates again.

    `Location` is what the remedy made: a reschedule, for example, whose proposal somebody has to apply. The finding
    stands until a validation sees it no longer.
    """

    def work(session: Session) -> Answer:
        try:
            applied = apply_remedy(session, finding_id, now)
        except Refused as refused:
            if refused.faults[0].code != "remedy_outdated":
                raise
            raise Summed(_reasons(refused), "/validation-reports") from None
        answer = AppliedOut(finding=_shown(session, finding_id, now), made=dict(applied.made))
        return Answer(200, answer, _location(applied.made))

    return post.once(work, then=bell.ring)


def _shown(session: Session, finding_id: uuid.UUID, now: dt.datetime) -> FindingOut:
    return findings_shown(session, [the_finding(session, finding_id)], now)[0]


def _reasons(refused: Refused) -> Refused:
    """A refusal whose faults are of the schedule: no field was sent."""
    return Refused(refused.refusal, [replace(fault, field="", value=None) for fault in refused.faults])


def _location(made: Made) -> dict[str, str]:
    for kind, id_ in made.items():
        if kind in _PLACES:
            return {"Location": f"{_PLACES[kind]}/{id_}"}
    return {}
