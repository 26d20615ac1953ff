"""What may be done about a reschedule: apply, discard, undo it, plan it again, add the extra hours that would help."""

import uuid

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api import examples
from api.availabilities import AvailabilityOut, the_availabilities
from api.bell import RungBell
from api.etags import SeenVersion, etag
from api.idempotency import Answer, Posted
from api.problems import Summed, documented
from api.reschedule_view import RescheduleOut, whole
from api.reschedules import queued, the_job
from api.times import Now
from models.inputs import Input
from models.rescheduling.adding import add_extra_hours
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.jobs import discard_reschedule, plan_again
from models.rescheduling.undoing import undo_reschedule
from models.rescheduling.writing import ScheduleChanged

router = APIRouter(prefix="/reschedules/{reschedule_id}", tags=["Reschedules"])


class PlanAgain(Input):
    """What is to be other than it was."""

    what_if: bool | None = Field(None, description="Only ask, or not; null: as it was")


class ExtraHoursWanted(Input):
    """How many of the proposed extra hours to add."""

    count: int = Field(ge=1, description="The first so many: they are the best choice of so many")


class AddedHours(BaseModel):
    """The extra hours that are availabilities now."""

    availabilities: list[AvailabilityOut] = Field(
        description="Those that are new; where the doctor had become available meanwhile there is none"
    )


@router.post(
    "/apply",
    response_model=RescheduleOut,
    summary="Apply a proposal",
    responses=documented(
        not_found=["unknown_reschedule"],
        clash=["schedule_changed", "reschedule_not_proposed", "reschedule_only_asks"],
        stale=True,
    ),
)
def apply(post: Posted, reschedule_id: uuid.UUID, seen: SeenVersion, now: Now) -> Response:
    """Do what is proposed, all of it or nothing: withdraw what is lost, move, and cancel where the policy says so.

    Appointments keep their ids. Where no hour was found and the policy does not cancel, they stand, `left` to be seen
    to. If the schedule has changed since the proposal, `errors` names every change, and a POST to `remedy` plans again.
    """

    def work(session: Session) -> Answer:
        try:
            apply_reschedule(session, reschedule_id, seen, now)
        except ScheduleChanged as changed:
            raise Summed(changed, f"/reschedules/{reschedule_id}/plan-again") from None
        return _changed(session, reschedule_id)

    return post.once(work)


@router.post(
    "/undo",
    response_model=RescheduleOut,
    summary="Undo an applied reschedule",
    responses=documented(
        not_found=["unknown_reschedule"], clash=["schedule_changed", "reschedule_not_applied"], stale=True
    ),
)
def undo(post: Posted, reschedule_id: uuid.UUID, seen: SeenVersion, now: Now) -> Response:
    """Give everybody the hour back that they had, and restore what was withdrawn, all of it or nothing.

    That can be done as long as nobody has changed what applying did; otherwise `errors` names every change.
    """

    def work(session: Session) -> Answer:
        try:
            undo_reschedule(session, reschedule_id, seen, now)
        except ScheduleChanged as changed:
            raise Summed(changed) from None
        return _changed(session, reschedule_id)

    return post.once(work)


@router.post(
    "/discard",
    response_model=RescheduleOut,
    summary="Discard a reschedule",
    responses=documented(not_found=["unknown_reschedule"], clash=["reschedule_decided"], stale=True),
)
def discard(post: Posted, reschedule_id: uuid.UUID, seen: SeenVersion, now: Now) -> Response:
    """Let it be. Its appointments stay where they are, and another reschedule can have them."""

    def work(session: Session) -> Answer:
        discard_reschedule(session, reschedule_id, seen, now)
        return _changed(session, reschedule_id)

    return post.once(work)


@router.post(
    "/plan-again",
    status_code=202,
    response_model=RescheduleOut,
    summary="Plan a reschedule again",
    openapi_extra=examples.body(examples.RESCHEDULE_AGAIN),
    responses=documented(
        not_found=["unknown_reschedule"], clash=["appointment_held"], invalid=["scope_passed", "too_many_displaced"]
    ),
)
def plan_it_again(
    post: Posted, reschedule_id: uuid.UUID, bell: RungBell, now: Now, again: PlanAgain | None = None
) -> Response:
    """Plan the same scope by the same policy, as the schedule is now.

    The answer is a new reschedule with an id of its own; where the old one was undecided, it is discarded. Without a
    body nothing is other than it was, but it is never applied by itself.
    """

    def work(session: Session) -> Answer:
        return queued(session, plan_again(session, reschedule_id, now, what_if=again.what_if if again else None))

    return post.once(work, then=bell.ring)


@router.post(
    "/extra-hours/add",
    status_code=201,
    response_model=AddedHours,
    summary="Add the extra hours that a reschedule proposes",
    openapi_extra=examples.body(examples.EXTRA_HOURS),
    responses=documented(
        not_found=["unknown_reschedule"],
        clash=["hour_begun", "outside_openings", "doctor_elsewhere"],
        invalid=["out_of_range", "inactive_doctor"],
    ),
)
def add_hours(post: Posted, reschedule_id: uuid.UUID, wanted: ExtraHoursWanted, now: Now) -> Response:
    """Make availabilities of the first `count` extra hours, all or none. Then plan again to have them used."""

    def work(session: Session) -> Answer:
        ids = add_extra_hours(session, reschedule_id, wanted.count, now)
        return Answer(201, AddedHours(availabilities=the_availabilities(session, ids)))

    return post.once(work)


def _changed(session: Session, reschedule_id: uuid.UUID) -> Answer:
    session.expire_all()
    job = whole(session, the_job(session, reschedule_id))
    return Answer(200, job, {"ETag": etag(job.version)})
