"""Hospitals, the hours they keep, and the openings projected from those."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, During, Id, Now, Version, whole_period

MINUTES_OF_A_DAY = 1440

# Periods are minutes after local midnight of their own day, `[0, 2880)`: one that runs past midnight ends above 1440.
_WITHIN_TWO_DAYS = "hours <@ '{[0,2880)}'::int4multirange"
_AFTER_MIDNIGHT = "(hours * '{[1440,2880)}'::int4multirange)"
_STARTS_ON_ITS_DAY = (
    f"isempty{_AFTER_MIDNIGHT} OR (hours @> 1439 AND lower{_AFTER_MIDNIGHT} = 1440"
    f" AND int4multirange(range_merge{_AFTER_MIDNIGHT}) = {_AFTER_MIDNIGHT})"
)


class Hospital(Base):
    """A hospital and its IANA time zone."""

    __tablename__ = "hospital"
    __table_args__ = (
        # An appointment refers to both, so that its start is on the hour by this clock (see `models.schedule`).
        UniqueConstraint("id", "timezone"),
        CheckConstraint(
            "('2000-01-01 00:00+00'::timestamptz AT TIME ZONE timezone) IS NOT NULL", name="timezone_known"
        ),
    )

    id: Mapped[Id]
    external_id: Mapped[str] = mapped_column(unique=True, server_default=text("(uuidv7())::text"))
    name: Mapped[str]
    timezone: Mapped[str]
    # Openings exist for the local days before this one (see `models.hours`).
    projected_until: Mapped[dt.date]
    version: Mapped[Version]
    created_at: Mapped[Now]


class OperatingHours(Base):
    """The periods of one weekday (1 = Monday … 7 = Sunday), in minutes after that day's local midnight."""

    __tablename__ = "operating_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_known"),
        CheckConstraint("NOT isempty(hours)", name="not_empty"),
        CheckConstraint(_WITHIN_TWO_DAYS, name="within_two_days"),
        CheckConstraint(_STARTS_ON_ITS_DAY, name="start_on_their_day"),
    )

    hospital_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hospital.id", ondelete="CASCADE"), primary_key=True)
    weekday: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    hours: Mapped[MultiRange[int]] = mapped_column(INT4MULTIRANGE)


class OperatingException(Base):
    """Other hours on one date, in place of its weekday's; empty: closed all day."""

    __tablename__ = "operating_exception"
    __table_args__ = (
        CheckConstraint(_WITHIN_TWO_DAYS, name="within_two_days"),
        CheckConstraint(_STARTS_ON_ITS_DAY, name="start_on_their_day"),
    )

    hospital_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hospital.id", ondelete="CASCADE"), primary_key=True)
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    hours: Mapped[MultiRange[int]] = mapped_column(INT4MULTIRANGE)
    reason: Mapped[str | None]


class Opening(Base):
    """A period in which a hospital is open, projected from its hours; two of one hospital never overlap."""

    __tablename__ = "opening"
    __table_args__ = (CheckConstraint(whole_period("during"), name="period_whole"),)

    id: Mapped[Id]
    hospital_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hospital.id", ondelete="CASCADE"))
    during: Mapped[During]
