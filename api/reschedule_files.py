"""A proposal as files: as CSV for people, and as the problem and the plan that anyone can verify."""

import gzip
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import JSONResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from api.downloads import Cell, CsvResponse, download
from api.media import speaks_csv, speaks_json
from api.problems import documented
from api.reschedules import the_job
from models.faults import Fault, Refusal, Refused
from models.rescheduling import reading
from models.rescheduling.tables import Reschedule
from models.session import transaction

router = APIRouter(prefix="/reschedules/{reschedule_id}", tags=["Reschedules"])

_COLUMNS = (
    *("appointment", "kind", "patient", "patient_name", "priority"),
    *("doctor", "doctor_name", "hospital", "hospital_name", "start"),
    *("new_doctor", "new_doctor_name", "new_hospital", "new_hospital_name", "new_start"),
    *("shift_hours", "conflict", "reason", "fate"),
)
_UNREAD = documented(not_found=["unknown_reschedule", "not_planned"])
_GONE = documented(not_found=["unknown_reschedule", "not_planned", "file_forgotten"])

Encodings = Annotated[str, Header(include_in_schema=False)]


@router.get(
    "/proposal.csv",
    summary="Download a proposal",
    dependencies=[Depends(speaks_csv)],
    response_class=CsvResponse,
    responses=_UNREAD,
)
def proposal_file(reschedule_id: uuid.UUID) -> CsvResponse:
    """One line per appointment, in the order of the hours they had: who gets which hour, or why there is none.

    `kind` is `placed` or `unplaced`, and `others` of those that move to make room.
    """
    with transaction() as session:
        _refuse_if_unplanned(the_job(session, reschedule_id))
        items = reading.items(session, reschedule_id)
    return download(f"reschedule-{reschedule_id}.csv", _COLUMNS, map(_line, items))


@router.get(
    "/problem.json",
    summary="Download the planning problem",
    dependencies=[Depends(speaks_json)],
    response_class=JSONResponse,
    responses=_GONE,
)
def problem_file(reschedule_id: uuid.UUID, accept_encoding: Encodings = "") -> Response:
    """The problem that was solved: one of the two files that `slotwise verify` reads (docs/planning-problem.md).

    Doctors, hospitals, patients and appointments stand in it by our ids, every request by the id of the appointment
    that it moves. There are no names in it.
    """
    return _stored(reschedule_id, Reschedule.problem_json, "problem.json", accept_encoding)


@router.get(
    "/plan.json",
    summary="Download the plan",
    dependencies=[Depends(speaks_json)],
    response_class=JSONResponse,
    responses=_GONE,
)
def plan_file(reschedule_id: uuid.UUID, accept_encoding: Encodings = "") -> Response:
    """The plan that is proposed, with its proof: the other file that `slotwise verify` reads.

    Its ids are those of the problem. Its sentences name doctors and hospitals, never patients.
    """
    return _stored(reschedule_id, Reschedule.plan_json, "plan.json", accept_encoding)


def _stored(
    reschedule_id: uuid.UUID, column: InstrumentedAttribute[bytes | None], name: str, accept_encoding: str
) -> Response:
    """A file as it was kept; compressed, where the caller takes that, since it may be long."""
    with transaction() as session:
        job = the_job(session, reschedule_id)
        _refuse_if_unplanned(job)
        compressed = session.scalar(select(column).where(Reschedule.id == reschedule_id))
    if compressed is None:
        message = f"The {name} of the reschedule {job.id} is not kept any more; its proposal is."
        raise Refused(Refusal.NOT_FOUND, [Fault("file_forgotten", "", str(job.id), message)])
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept-Encoding"}
    if "gzip" in accept_encoding:
        return Response(compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type="application/json")
    return Response(gzip.decompress(compressed), headers=headers, media_type="application/json")


def _refuse_if_unplanned(job: Reschedule) -> None:
    if job.planned_at is None:
        raise _unplanned(job)


def _unplanned(job: Reschedule) -> Refused:
    message = f"The reschedule {job.id} has no proposal; it is {job.status}."
    return Refused(Refusal.NOT_FOUND, [Fault("not_planned", "", str(job.id), message)])


def _line(item: reading.Item) -> tuple[Cell, ...]:
    new = item.after
    return (
        str(item.appointment),
        "others" if not item.displaced else "placed" if new else "unplaced",
        item.patient.external_id,
        item.patient.name,
        item.priority,
        *_place(item.before),
        *(_place(new) if new else (None,) * 5),
        item.shift,
        item.conflict_kind,
        item.conflict["message"] if item.conflict else None,
        item.fate,
    )


def _place(place: reading.Place) -> tuple[Cell, ...]:
    there, who = place.hospital, place.doctor
    return who.external_id, who.name, there.external_id, there.name, place.start
