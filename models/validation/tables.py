"""Validation reports, their findings, and what a night found out about the days ahead."""

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, ForeignKey, Index, SmallInteger, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Instant, Now, one_of
from models.booking import JsonObject
from models.validation.codes import Code, Severity
from planner.problem import Priority


class ReportStatus(StrEnum):
    """`queued` becomes `running`, and that `finished` or `failed`."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class Change(StrEnum):
    """How a finding of a report compares with the one before."""

    NEW = "new"
    STANDING = "standing"
    GONE = "gone"


class ValidationReport(Base):
    """One validation of a hospital's schedule, or (no hospital) of everything: a job, and its record.

    A worker holds it by a lease under a fencing token, as with a reschedule. What it has done is kept with `position`,
    so that another worker goes on where it was interrupted.
    """

    __tablename__ = "validation_report"
    __table_args__ = (
        # A hospital's night is validated once, however many look whether it has been.
        Index("validation_report_once_a_night", "hospital_id", "night", unique=True),
        CheckConstraint("night IS NULL OR hospital_id IS NOT NULL", name="night_of_a_hospital"),
        CheckConstraint("(status = 'running') = (lease_expires_at IS NOT NULL)", name="leased_while_running"),
        CheckConstraint("(status = 'failed') = (failure IS NOT NULL)", name="failed_with_a_reason"),
        CheckConstraint(
            "(status IN ('finished', 'failed')) = (finished_at IS NOT NULL)", name="finished_once_finished"
        ),
        Index(None, "status", "id"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("hospital.id", ondelete="CASCADE"))
    # The hospital's own date. NULL: asked for by somebody.
    night: Mapped[dt.date | None]
    # `models.rescheduling.inputs.Policy`: how appointments may be placed again.
    policy: Mapped[JsonObject] = mapped_column(JSONB)

    status: Mapped[ReportStatus] = mapped_column(one_of(ReportStatus, "status_known"), server_default="queued")
    # The step that is carried out, and inside it where to go on (`workers.validation.steps`).
    step: Mapped[str | None]
    position: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    # Rows looked at, and how many there are to look at, about.
    done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    total: Mapped[int | None] = mapped_column(BigInteger)
    # By step: rows looked at and seconds taken.
    steps: Mapped[JsonObject] = mapped_column(JSONB, server_default=text("'{}'"))
    # By code: how many were found. Of very many only some are kept (`models.validation.recording.KEPT`).
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'"))
    # The codes that could not be looked for, since a check failed: of those nothing is gone.
    unchecked: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))

    failure: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    fencing_token: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    worker: Mapped[str | None]
    lease_expires_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[Now]
    # The instant that it is about: what ended before is not looked at.
    started_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class Finding(Base):
    """Something wrong, from the first report that sees it to the one that does not (`models.validation.found`)."""

    __tablename__ = "finding"
    __table_args__ = (
        Index("finding_stands_once", "key", unique=True, postgresql_where=text("gone_at IS NULL")),
        Index("finding_standing_index", "severity", "id", postgresql_where=text("gone_at IS NULL")),
        Index(None, "hospitals", postgresql_using="gin"),
        CheckConstraint(
            "(acknowledged_until IS NULL) = (acknowledged_because IS NULL)", name="acknowledged_with_a_reason"
        ),
    )

    id: Mapped[Id]
    key: Mapped[str]
    code: Mapped[Code] = mapped_column(one_of(Code, "code_known"))
    severity: Mapped[Severity] = mapped_column(one_of(Severity, "severity_known"))
    hospitals: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid))
    entities: Mapped[list[JsonObject]] = mapped_column(JSONB)
    message: Mapped[str]
    facts: Mapped[JsonObject] = mapped_column(JSONB)
    # What would mend it, proved by the planner or by trial; NULL: nobody knows (`models.validation.remedies`).
    remedy: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    remedied_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))

    first_seen_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    gone_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))

    # Until then somebody knows of it and lets it be.
    acknowledged_until: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    acknowledged_because: Mapped[str | None]


class Sighting(Base):
    """A finding in a report: seen by it, or (`gone`) no longer."""

    __tablename__ = "sighting"
    __table_args__ = (Index(None, "finding_id"),)

    report_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("validation_report.id", ondelete="CASCADE"), primary_key=True
    )
    finding_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("finding.id", ondelete="CASCADE"), primary_key=True)
    change: Mapped[Change] = mapped_column(one_of(Change, "change_known"))


class Fragility(Base):
    """What losing one day of a doctor (NULL: of the whole hospital) would do: how many of its appointments could be
    placed again within the report's policy, and which could not.
    """

    __tablename__ = "fragility"
    __table_args__ = (
        Index(
            "fragility_day_once",
            "report_id",
            "hospital_id",
            "date",
            "doctor_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("replaceable BETWEEN 0 AND appointments", name="replaceable_of_them"),
        CheckConstraint(
            "NOT proved OR coalesce(array_length(stranded, 1), 0) = appointments - replaceable", name="others_stranded"
        ),
    )

    id: Mapped[Id]
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("validation_report.id", ondelete="CASCADE"))
    hospital_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hospital.id", ondelete="CASCADE"))
    doctor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("doctor.id", ondelete="CASCADE"))
    date: Mapped[dt.date]
    appointments: Mapped[int]
    replaceable: Mapped[int]
    # The appointments that no hour would be left for; others could be left over in their place.
    stranded: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid))
    # False: more might be placed again than was found.
    proved: Mapped[bool]


class HourValue(Base):
    """What one more hour of a specialty would be worth, at a hospital on one of its days."""

    __tablename__ = "hour_value"
    __table_args__ = (
        Index("hour_value_once", "report_id", "hospital_id", "specialty", "date", unique=True),
        CheckConstraint("(books > 0) = (priority IS NOT NULL)", name="books_of_a_priority"),
        CheckConstraint("(doctor_id IS NULL) = (start IS NULL)", name="hour_whole"),
    )

    id: Mapped[Id]
    report_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("validation_report.id", ondelete="CASCADE"))
    hospital_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hospital.id", ondelete="CASCADE"))
    specialty: Mapped[str]
    date: Mapped[dt.date]
    # The waiting requests that nobody can book as things are and that would take an hour of it.
    waiting: Mapped[int]
    # How many more of all waiting requests one more hour would book, and the priority of the most important one.
    books: Mapped[int] = mapped_column(SmallInteger)
    priority: Mapped[Priority | None] = mapped_column(one_of(Priority, "priority_known"))
    # The hour that is worth the most: whose, and when it starts.
    doctor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("doctor.id", ondelete="CASCADE"))
    start: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    # False: an estimate, since there was no time to plan it all again with that hour.
    proved: Mapped[bool]
