"""The schedule: when doctors see patients, and the hours that stand."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from sqlalchemy import (
    DDL,
    CheckConstraint,
    Computed,
    DateTime,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    event,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, During, Id, Now, Version, one_of, whole_period

WallClock = Annotated[datetime | None, mapped_column(DateTime(timezone=False), server_default=FetchedValue())]
"""What the hospital's clock was going to show, by the time-zone database of the day when the period was written: what
people were told. Triggers write it (below). A newer time-zone database may have the clock show something else. NULL:
nobody knows."""


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
    local_start: Mapped[WallClock]
    local_end: Mapped[WallClock]


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
    local_start: Mapped[WallClock]


# Stored columns rather than generated ones: a dump that is restored keeps them, and does not reckon them anew.
NOTE_WALL_CLOCK = """
CREATE FUNCTION note_wall_clock() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    zone text;
BEGIN
    IF TG_TABLE_NAME = 'appointment' THEN
        NEW.local_start := lower(NEW.during) AT TIME ZONE NEW.timezone;
    ELSE
        SELECT timezone INTO zone FROM hospital WHERE id = NEW.hospital_id;
        NEW.local_start := lower(NEW.during) AT TIME ZONE zone;
        NEW.local_end := upper(NEW.during) AT TIME ZONE zone;
    END IF;
    RETURN NEW;
END
$$
"""
WALL_CLOCK_NOTED = tuple(
    f"CREATE TRIGGER {table}_wall_clock_noted_{when} BEFORE {when} ON {table} FOR EACH ROW {condition}"
    "EXECUTE FUNCTION note_wall_clock()"
    for table in ("appointment", "availability")
    for when, condition in (
        ("insert", ""),
        # Not for another time zone of the hospital: people were told what its clock was going to show before.
        ("update", "WHEN ((OLD.during, OLD.hospital_id) IS DISTINCT FROM (NEW.during, NEW.hospital_id)) "),
    )
)

for _statement in (NOTE_WALL_CLOCK, *WALL_CLOCK_NOTED):
    event.listen(Base.metadata, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
