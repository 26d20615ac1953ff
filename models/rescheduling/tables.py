"""Reschedules: what was lost, what is proposed, what came of it; and the hours that appointments had before."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ARRAY,
    DDL,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Uuid,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, During, Id, MadeBy, Now, Version, one_of, whole_period
from models.booking import JsonObject
from planner.plan import ConflictKind
from planner.problem import Priority


class Cause(StrEnum):
    """Why hours are lost."""

    DOCTOR_UNAVAILABLE = "doctor_unavailable"
    HOSPITAL_CLOSED = "hospital_closed"
    HOURS_CHANGED = "hours_changed"
    ROOM = "room"
    APPOINTMENTS = "appointments"


class RescheduleStatus(StrEnum):
    """`queued` and `planning` become `proposed` or `failed`; a proposal is `applied` or `discarded`, and what was
    applied can be `undone`.
    """

    QUEUED = "queued"
    PLANNING = "planning"
    PROPOSED = "proposed"
    APPLIED = "applied"
    DISCARDED = "discarded"
    FAILED = "failed"
    UNDONE = "undone"


class Fate(StrEnum):
    """What applying a reschedule did to an appointment. `left` ones stand at their old hour: somebody has to see to
    them.
    """

    MOVED = "moved"
    CANCELLED = "cancelled"
    LEFT = "left"


class Reschedule(Base):
    """One job: the hours that are lost, the policy, the proposal, and what was done about it.

    A worker that plans holds it by a lease, under a fencing token that grows with every claim, as a planning run does.
    """

    __tablename__ = "reschedule"
    __table_args__ = (
        CheckConstraint("(status = 'planning') = (lease_expires_at IS NOT NULL)", name="leased_while_planning"),
        CheckConstraint("(status = 'failed') = (failure IS NOT NULL)", name="failed_with_a_reason"),
        CheckConstraint("NOT what_if OR status NOT IN ('applied', 'undone')", name="what_if_changes_nothing"),
        CheckConstraint("(status IN ('applied', 'undone')) = (changes IS NOT NULL)", name="applied_with_its_changes"),
        Index(None, "status", "id"),
    )

    id: Mapped[Id]
    cause: Mapped[Cause] = mapped_column(one_of(Cause, "cause_known"))
    label: Mapped[str | None]
    # A question only: it holds no appointment and cannot be applied.
    what_if: Mapped[bool]
    # False: the proposal is applied as soon as it is made.
    dry_run: Mapped[bool]
    scope: Mapped[JsonObject] = mapped_column(JSONB)  # `models.rescheduling.inputs.Scope`
    policy: Mapped[JsonObject] = mapped_column(JSONB)  # `models.rescheduling.inputs.Policy`
    # The reschedule whose proposal was out of date and which this one plans again.
    replaces: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reschedule.id"))

    status: Mapped[RescheduleStatus] = mapped_column(one_of(RescheduleStatus, "status_known"), server_default="queued")
    stage: Mapped[str | None]  # what a worker is doing just now, for people
    failure: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    fencing_token: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    worker: Mapped[str | None]
    lease_expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    # The plan's status, objective, bound and receipt; and which hours would place those left over. No patient data.
    plan: Mapped[JsonObject | None] = mapped_column(JSONB)
    # (`models.rescheduling.proposal.ExtraHours`)
    extra_hours: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    # PROBLEM.json and PLAN.json (docs/planning-problem.md), compressed by gzip, so that anyone can verify them.
    problem_json: Mapped[bytes | None] = mapped_column(deferred=True)
    plan_json: Mapped[bytes | None] = mapped_column(deferred=True)
    # What applying did to openings and availabilities: what undoing needs.
    changes: Mapped[JsonObject | None] = mapped_column(JSONB)

    created_at: Mapped[Now]
    planned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[Version]
    # The hospitals it concerns, where hours are lost or may be found; NULL: any of the network.
    hospitals: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(Uuid))
    created_by: Mapped[MadeBy]


class RescheduledAppointment(Base):
    """One appointment of a reschedule: displaced by it, or moved to make room for one that is.

    `doctor_id`, `hospital_id`, `during` and `appointment_version` are as they were when it was planned; `to_…` is the
    proposed hour (NULL: none could be found, and `conflict` says why).
    """

    __tablename__ = "rescheduled_appointment"
    __table_args__ = (
        CheckConstraint(
            "(to_doctor_id IS NULL) = (to_hospital_id IS NULL) AND (to_doctor_id IS NULL) = (to_during IS NULL)",
            name="goes_somewhere_or_nowhere",
        ),
        CheckConstraint("displaced OR to_during IS NOT NULL", name="makes_room_by_moving"),
        CheckConstraint("fate <> 'moved' OR to_during IS NOT NULL", name="moved_somewhere"),
        CheckConstraint(whole_period("during"), name="period_whole"),
        # One job at a time may hold an appointment.
        Index("rescheduled_appointment_held_once", "appointment_id", unique=True, postgresql_where=text("held")),
        Index(None, "appointment_id"),
    )

    reschedule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reschedule.id", ondelete="CASCADE"), primary_key=True)
    appointment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("appointment.id", ondelete="CASCADE"), primary_key=True
    )
    displaced: Mapped[bool]
    held: Mapped[bool]
    # How it was planned, of a displaced one: see `models.rescheduling.problem`.
    priority: Mapped[Priority | None] = mapped_column(one_of(Priority, "priority_known"))
    moved_before: Mapped[bool]

    appointment_version: Mapped[int]
    doctor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("doctor.id"))
    hospital_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hospital.id"))
    during: Mapped[During]

    to_doctor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("doctor.id"))
    to_hospital_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("hospital.id"))
    to_during: Mapped[Range[datetime] | None] = mapped_column(TSTZRANGE)
    conflict_kind: Mapped[ConflictKind | None] = mapped_column(one_of(ConflictKind, "conflict_kind_known"))
    # message, facts, certificate and alternatives, as conflicts have them (docs/planning-problem.md)
    conflict: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))

    fate: Mapped[Fate | None] = mapped_column(one_of(Fate, "fate_known"))


class RescheduleEvent(Base):
    """Something that happened to a reschedule: its history, oldest first by `id`."""

    __tablename__ = "reschedule_event"
    __table_args__ = (Index(None, "reschedule_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    reschedule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("reschedule.id", ondelete="CASCADE"))
    at: Mapped[Now]
    status: Mapped[RescheduleStatus] = mapped_column(one_of(RescheduleStatus, "status_known"))
    detail: Mapped[str | None]


class FormerHour(Base):
    """An hour that an appointment had and left for another: its history, oldest first by `id`.

    Written by the trigger below, so that no way of moving an appointment leaves it out. `reschedule_id` is the job that
    moved it, if one did (`because_of`).
    """

    __tablename__ = "former_hour"
    __table_args__ = (
        Index(None, "appointment_id", "id"),
        Index(None, "reschedule_id", postgresql_where=text("reschedule_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    appointment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("appointment.id", ondelete="CASCADE"))
    doctor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("doctor.id"))
    hospital_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hospital.id"))
    during: Mapped[During]
    left_at: Mapped[Now]
    reschedule_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reschedule.id"))


KEEP_FORMER_HOUR = """
CREATE FUNCTION keep_former_hour() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO former_hour (appointment_id, doctor_id, hospital_id, during, reschedule_id)
    VALUES (OLD.id, OLD.doctor_id, OLD.hospital_id, OLD.during,
            nullif(current_setting('slotwise.reschedule', true), '')::uuid);
    RETURN NULL;
END
$$
"""
FORMER_HOUR_KEPT = """
CREATE TRIGGER former_hour_kept AFTER UPDATE ON appointment FOR EACH ROW
WHEN ((OLD.doctor_id, OLD.hospital_id, OLD.during) IS DISTINCT FROM (NEW.doctor_id, NEW.hospital_id, NEW.during))
EXECUTE FUNCTION keep_former_hour()
"""

BECAUSE_OF = text("SELECT set_config('slotwise.reschedule', :reschedule, true)")
"""Says, until the transaction ends, which reschedule moves appointments."""

for _statement in (KEEP_FORMER_HOUR, FORMER_HOUR_KEPT):
    event.listen(Base.metadata, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
