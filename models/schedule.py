"""The schedule: when doctors see patients, and the hours that stand."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Computed, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, During, Id, Now, Version, one_of, whole_period


class AppointmentStatus(StrEnum):
    """FHIR's words. Only a booked appointment occupies its hour."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"


class Availability(Base):
    """A period in which a doctor sees patients at one hospital, within its openings."""

    __tablename__ = "availability"
    __table_args__ = (
        CheckConstraint(whole_period("during"), name="period_whole"),
        Index(None, "hospital_id", "during", postgresql_using="gist"),
    )

    id: Mapped[Id]
    doctor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("doctor.id"))
    hospital_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hospital.id"))
    during: Mapped[During]
    version: Mapped[Version]
    created_at: Mapped[Now]


class Appointment(Base):
    """A patient's hour with a doctor at a hospital."""

    __tablename__ = "appointment"
    __table_args__ = (
        # The hospital's time zone is kept in the row so that "on the hour" is a check and not a trigger.
        ForeignKeyConstraint(["hospital_id", "timezone"], ["hospital.id", "hospital.timezone"], onupdate="CASCADE"),
        CheckConstraint(
            f"{whole_period('during')} AND upper(during) - lower(during) = interval '60 minutes'",
            name="lasts_one_hour",
        ),
        CheckConstraint(
            "date_trunc('hour', lower(during) AT TIME ZONE timezone) = lower(during) AT TIME ZONE timezone",
            name="starts_on_the_hour",
        ),
        Index(None, "hospital_id", "during", postgresql_using="gist"),
        Index(None, "doctor_id", "during", postgresql_using="gist"),
        Index(None, "patient_id"),
    )

    id: Mapped[Id]
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"))
    doctor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("doctor.id"))
    hospital_id: Mapped[uuid.UUID]
    timezone: Mapped[str]
    during: Mapped[During]
    status: Mapped[AppointmentStatus] = mapped_column(
        one_of(AppointmentStatus, "status_known"), server_default=AppointmentStatus.BOOKED.value
    )
    # What the rules compare: the hour while the appointment is booked, and nothing (NULL, exempt) once it is not.
    occupies: Mapped[Range[datetime] | None] = mapped_column(
        TSTZRANGE, Computed("CASE WHEN status = 'booked' THEN during END", persisted=True)
    )
    # A request is booked at most once: the database says so.
    booking_request_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("booking_request.id", ondelete="SET NULL", use_alter=True), unique=True
    )
    version: Mapped[Version]
    created_at: Mapped[Now]
