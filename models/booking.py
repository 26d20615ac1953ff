"""Booking requests, the batches they come in, the planning runs that decide them and the conflicts they end in."""

import uuid
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, MadeBy, Now, one_of
from planner import plan as planned
from planner.plan import Alternative, ConflictKind, Plan
from planner.problem import Priority

JsonObject = dict[str, Any]  # Any: whatever JSON the planner wrote


class RequestStatus(StrEnum):
    """`queued` and `planning` are undecided; the others are decided."""

    QUEUED = "queued"
    PLANNING = "planning"
    BOOKED = "booked"
    CONFLICT = "conflict"
    CANCELLED = "cancelled"
    FAILED = "failed"


class RunStatus(StrEnum):
    """`planning` holds a lease; the others have let go of their requests."""

    PLANNING = "planning"
    COMMITTED = "committed"
    EXPIRED = "expired"
    FAILED = "failed"


class BookingBatch(Base):
    """Requests that were queued together and are followed together."""

    __tablename__ = "booking_batch"

    id: Mapped[Id]
    label: Mapped[str | None]
    size: Mapped[int]
    created_at: Mapped[Now]
    created_by: Mapped[MadeBy]


class PlanningRun(Base):
    """One worker's claim on some requests, and what came of it.

    The fencing token grows with every claim. A worker may commit only while its own run still plans; a run whose
    lease has run out is expired by whoever sees it first, and its requests are queued again.
    """

    __tablename__ = "planning_run"
    __table_args__ = (
        CheckConstraint("(status = 'planning') = (finished_at IS NULL)", name="finished_once_let_go"),
        Index(None, "lease_expires_at", postgresql_where=text("status = 'planning'")),
        Index("planning_run_with_outcome_index", "finished_at", postgresql_where=text("outcome IS NOT NULL")),
    )

    id: Mapped[Id]
    fencing_token: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    status: Mapped[RunStatus] = mapped_column(one_of(RunStatus, "status_known"), server_default="planning")
    worker: Mapped[str]
    lease_expires_at: Mapped[Instant]
    started_at: Mapped[Now]
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    requests: Mapped[int]
    booked: Mapped[int | None]
    conflicts: Mapped[int | None]
    requeued: Mapped[int | None]
    # The plan's status, objective, bound and receipt (see docs/planning-problem.md); no patient data.
    outcome: Mapped[JsonObject | None] = mapped_column(JSONB)
    error: Mapped[str | None]


class BookingRequest(Base):
    """A patient's wish for one hour."""

    __tablename__ = "booking_request"
    __table_args__ = (
        CheckConstraint("earliest <= latest", name="window_runs_forward"),
        CheckConstraint("status <> 'planning' OR planning_run_id IS NOT NULL", name="planned_by_a_run"),
        CheckConstraint("status <> 'queued' OR planning_run_id IS NULL", name="queued_for_any_run"),
        CheckConstraint("(status IN ('queued', 'planning')) = (decided_at IS NULL)", name="decided_once_decided"),
        CheckConstraint("(status = 'failed') = (failure IS NOT NULL)", name="failed_with_a_reason"),
        Index(
            "booking_request_queue_index",
            *("priority", "share", "queued_at", "id"),
            postgresql_where=text("status = 'queued'"),
        ),
        Index(
            "booking_request_moves_one_at_a_time",
            "moves",
            unique=True,
            postgresql_where=text("status IN ('queued', 'planning')"),
        ),
        Index(None, "status", "id"),
        Index(None, "batch_id", "batch_line"),
        Index(None, "planning_run_id"),
        Index(None, "patient_id"),
        Index(None, "created_by", "id"),
        Index(None, "decided_at", postgresql_where=text("decided_at IS NOT NULL")),
        Index(None, "moves", postgresql_where=text("moves IS NOT NULL")),
    )

    id: Mapped[Id]
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"))
    priority: Mapped[Priority] = mapped_column(one_of(Priority, "priority_known"))
    specialty: Mapped[str | None]
    earliest: Mapped[Instant]
    latest: Mapped[Instant]
    preferred: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    moves: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("appointment.id"))
    batch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("booking_batch.id"))
    batch_line: Mapped[int | None]

    status: Mapped[RequestStatus] = mapped_column(one_of(RequestStatus, "status_known"), server_default="queued")
    # How many runs have been lost with this request in them (killed, failed); lost races do not count.
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    planning_run_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("planning_run.id"))
    created_at: Mapped[Now]
    queued_at: Mapped[Now]
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failure: Mapped[str | None]
    created_by: Mapped[MadeBy]
    # The HTTP request that asked for it, by its id in the logs; a later one may have queued it again.
    asked_in: Mapped[str | None] = mapped_column(
        server_default=text("(nullif(current_setting('slotwise.actor', true), ''))::jsonb ->> 'request_id'")
    )
    # The hospital for whose turn it counts (see `Turn`): the first of those it accepts. NULL: it accepts any.
    share: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("hospital.id"))


class Turn(Base):
    """When a run last took requests of a share: hospitals take turns, so that none waits for all of another's.

    NULL is the share of the requests that accept any hospital.
    """

    __tablename__ = "turn"
    __table_args__ = (UniqueConstraint("share", postgresql_nulls_not_distinct=True),)

    id: Mapped[Id]
    share: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("hospital.id"))
    served_at: Mapped[Instant]


class BookingRequestDoctor(Base):
    """An acceptable doctor of a request; position 0 is the best. No row: any doctor."""

    __tablename__ = "booking_request_doctor"

    booking_request_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("booking_request.id", ondelete="CASCADE"), primary_key=True
    )
    doctor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("doctor.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(SmallInteger)


class BookingRequestHospital(Base):
    """An acceptable hospital of a request. No row: any hospital."""

    __tablename__ = "booking_request_hospital"

    booking_request_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("booking_request.id", ondelete="CASCADE"), primary_key=True
    )
    hospital_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hospital.id"), primary_key=True, index=True)


class Conflict(Base):
    """Why a request got no booking, as the planner told it (shapes: docs/planning-problem.md)."""

    __tablename__ = "conflict"

    booking_request_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("booking_request.id", ondelete="CASCADE"), primary_key=True
    )
    planning_run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("planning_run.id"), index=True)
    kind: Mapped[ConflictKind] = mapped_column(one_of(ConflictKind, "kind_known"), index=True)
    message: Mapped[str]
    facts: Mapped[JsonObject] = mapped_column(JSONB)
    certificate: Mapped[JsonObject] = mapped_column(JSONB)
    alternatives: Mapped[list[JsonObject]] = mapped_column(JSONB)
    created_at: Mapped[Now]


def alternative_json(alternative: Alternative) -> JsonObject:
    """An alternative as conflicts and refusals hold it (shape: docs/planning-problem.md)."""
    return asdict(alternative) | {"start": alternative.start.isoformat()}


def conflict_json(conflict: planned.Conflict) -> JsonObject:
    """What is kept of a conflict besides its kind."""
    return {
        "message": conflict.message,
        "facts": dict(conflict.facts),
        "certificate": dict(conflict.certificate),
        "alternatives": [alternative_json(each) for each in conflict.alternatives],
    }


def outcome_json(plan: Plan) -> JsonObject:
    """What is kept of a plan once it is carried out or proposed: how good it is, and who made it how."""
    return {
        "status": plan.status,
        "objective": asdict(plan.objective),
        "bound": asdict(plan.bound),
        "receipt": asdict(plan.receipt),
    }
