"""Which booking requests are asked for: what their list takes, over HTTP and on its page."""

import uuid
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from api.named import Reference, doctor_filter, hospital_filter, patient_filter
from models.booking import BookingRequest, BookingRequestDoctor, BookingRequestHospital, Conflict, RequestStatus
from models.inputs import MAX_CHOICES
from planner.plan import ConflictKind
from planner.problem import Priority


class RequestFilter(BaseModel):
    """What is left open leaves nothing out."""

    batch: uuid.UUID | None = Field(None, description="Only of this batch")
    status: list[RequestStatus] = Field([], description="Only of this status; repeat it for several")
    priority: Priority | None = Field(None, description="Only of this priority")
    kind: ConflictKind | None = Field(None, description="Only those in this kind of conflict")
    patient: Reference | None = Field(None, description="Only of this patient (`external_id` or `id`)")
    hospital: Reference | None = Field(None, description="Only those that name this hospital")
    doctor: list[Reference] = Field(
        [], max_length=MAX_CHOICES, description="Only those that name this doctor; repeat it for several"
    )

    def select(self, session: Session) -> Select[BookingRequest]:
        """The requests that are asked for.

        Raises
        ------
        QueryRefused
            naming the patient, hospital and doctors that do not exist.

        """
        rows = select(BookingRequest)
        if self.batch:
            rows = rows.where(BookingRequest.batch_id == self.batch)
        if self.status:
            rows = rows.where(BookingRequest.status.in_(self.status))
        if self.priority:
            rows = rows.where(BookingRequest.priority == self.priority)
        if self.kind:  # a conflict stays on record when another hour is accepted; then it is none any more
            of_kind = select(Conflict.booking_request_id).where(Conflict.kind == self.kind)
            rows = rows.where(BookingRequest.status == RequestStatus.CONFLICT, BookingRequest.id.in_(of_kind))
        if patient := patient_filter(session, self.patient):
            rows = rows.where(BookingRequest.patient_id == patient)
        if hospital := hospital_filter(session, self.hospital):
            at = select(BookingRequestHospital.booking_request_id).where(BookingRequestHospital.hospital_id == hospital)
            rows = rows.where(BookingRequest.id.in_(at))
        if doctors := doctor_filter(session, self.doctor):
            of = select(BookingRequestDoctor.booking_request_id).where(BookingRequestDoctor.doctor_id.in_(doctors))
            rows = rows.where(BookingRequest.id.in_(of))
        return rows


AskedRequests = Annotated[RequestFilter, Query()]
"""The filter in the query of an address."""
