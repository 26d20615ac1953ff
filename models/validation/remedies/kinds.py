"""What mends a finding, as it is stored with it: one shape for each kind of remedy.

A remedy names rows by our own ids. It says what to do and nothing of why; the finding says that.
"""

import uuid
from typing import Annotated, ClassVar, Literal

from pydantic import Field, TypeAdapter, model_validator

from models.booking import JsonObject, RequestStatus
from models.deliveries.tables import Channel
from models.inputs import Input, Instant
from models.rescheduling.inputs import Policy, RescheduleIn, ScopeIn
from models.rescheduling.tables import Cause


class _Remedy(Input):
    """`action` is what a button says."""

    action: ClassVar[str]

    @property
    def stored(self) -> JsonObject:
        """As a finding holds it."""
        return self.model_dump(mode="json", exclude_none=True)


class ProjectOpenings(_Remedy):
    """Project a hospital's openings anew from the hours it keeps."""

    action: ClassVar[str] = "Project the openings anew"
    kind: Literal["project_openings"] = "project_openings"
    hospital: uuid.UUID


class RestoreWallClock(_Remedy):
    """Put a hospital's openings, availabilities and appointments back to the wall clock that people were told."""

    action: ClassVar[str] = "Put the hours back to what people were told"
    kind: Literal["restore_wall_clock"] = "restore_wall_clock"
    hospital: uuid.UUID


class MoveAppointment(_Remedy):
    """Move an appointment to an hour that the planner proved free: 60 minutes from `start`."""

    action: ClassVar[str] = "Move the appointment"
    kind: Literal["move_appointment"] = "move_appointment"
    appointment: uuid.UUID
    doctor: uuid.UUID
    hospital: uuid.UUID
    start: Instant


class PlanReschedule(_Remedy):
    """Have other hours found for those who lose theirs; people then apply the proposal."""

    action: ClassVar[str] = "Plan a reschedule"
    kind: Literal["reschedule"] = "reschedule"
    cause: Cause
    scope: ScopeIn
    policy: Policy = Policy()

    @model_validator(mode="after")
    def _can_be_asked(self) -> "PlanReschedule":
        self.asked()
        return self

    def asked(self) -> RescheduleIn:
        """What is asked of `models.rescheduling`."""
        return RescheduleIn(cause=self.cause, scope=self.scope, policy=self.policy)


class CancelAppointment(_Remedy):
    """Cancel an appointment."""

    action: ClassVar[str] = "Cancel the appointment"
    kind: Literal["cancel_appointment"] = "cancel_appointment"
    appointment: uuid.UUID


class TrimAvailability(_Remedy):
    """Cut an availability to the openings, or withdraw it where nothing is left of it."""

    action: ClassVar[str] = "Cut the availability to the openings"
    kind: Literal["trim_availability"] = "trim_availability"
    availability: uuid.UUID


class WithdrawAvailabilities(_Remedy):
    """Withdraw all that a doctor still has of availabilities to come; none of them holds an appointment."""

    action: ClassVar[str] = "Withdraw the availabilities"
    kind: Literal["withdraw_availabilities"] = "withdraw_availabilities"
    doctor: uuid.UUID


class QueueRequest(_Remedy):
    """Put a booking request that no worker plans back into the queue."""

    action: ClassVar[str] = "Queue the request again"
    kind: Literal["queue_request"] = "queue_request"
    booking_request: uuid.UUID


class CancelRequest(_Remedy):
    """Take a booking request back."""

    action: ClassVar[str] = "Cancel the request"
    kind: Literal["cancel_request"] = "cancel_request"
    booking_request: uuid.UUID


class SettleRequest(_Remedy):
    """Let a booking request say what its appointment says."""

    action: ClassVar[str] = "Let the request say so"
    kind: Literal["settle_request"] = "settle_request"
    booking_request: uuid.UUID
    status: Literal[RequestStatus.BOOKED, RequestStatus.CANCELLED]


class BookRequest(_Remedy):
    """Book an hour that came free for a request in conflict: 60 minutes from `start`."""

    action: ClassVar[str] = "Book the hour"
    kind: Literal["book_request"] = "book_request"
    booking_request: uuid.UUID
    doctor: uuid.UUID
    hospital: uuid.UUID
    start: Instant


class DeliverAgain(_Remedy):
    """Take every message of a channel that was given up on up again."""

    action: ClassVar[str] = "Send them again"
    kind: Literal["deliver_again"] = "deliver_again"
    channel: Channel


class Statement(_Remedy):
    """SQL that an operator runs. The program applies none: it does not change the rules that it is held by."""

    action: ClassVar[str] = "Have an operator run it"
    kind: Literal["statement"] = "statement"
    sql: str


Remedy = Annotated[
    ProjectOpenings
    | RestoreWallClock
    | MoveAppointment
    | PlanReschedule
    | CancelAppointment
    | TrimAvailability
    | WithdrawAvailabilities
    | QueueRequest
    | CancelRequest
    | SettleRequest
    | BookRequest
    | DeliverAgain
    | Statement,
    Field(discriminator="kind"),
]

_REMEDIES: TypeAdapter[Remedy] = TypeAdapter(Remedy)


def remedy_of(stored: JsonObject) -> Remedy:
    """The remedy that a finding holds.

    Raises
    ------
    pydantic.ValidationError
        where it is none.

    """
    return _REMEDIES.validate_python(stored)
