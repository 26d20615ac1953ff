"""Acknowledging a finding: somebody knows of it and lets it be, until a day that they name."""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import outbox
from models.faults import Fault, Refusal, Refused, refuse_if
from models.hospitals import Hospital
from models.hours import instant_of
from models.inputs import Input, Text
from models.validation.clocks import zone_of
from models.validation.reading import the_finding
from models.validation.tables import Finding

LONGEST = 366
"""Days. What stands for longer is to be looked at again."""

_DAY = dt.timedelta(days=1)
_UTC = ZoneInfo("UTC")


class Acknowledgement(Input):
    """Why a finding may be let be, and how long."""

    because: Text = Field(description="The reason, for whoever meets it next", examples=["The locum starts on Monday"])
    until: dt.date = Field(
        description="The last day on which it may be: by the clock of the hospital that it concerns, or by UTC where it"
        f" concerns several or all. At most {LONGEST} days from today",
    )


def acknowledge(session: Session, finding_id: uuid.UUID, asked: Acknowledgement, now: dt.datetime) -> None:
    """Let a finding be until the end of a day; in place of an acknowledgement that it has already.

    Raises
    ------
    Refused
        where there is no such finding (not found), it is gone (clash), or the day has passed or is too far away.

    """
    finding = the_finding(session, finding_id, locked=True)
    if finding.gone_at:
        message = "The finding is gone; there is nothing left to acknowledge."
        raise Refused(Refusal.CLASH, [Fault("finding_gone", "", str(finding_id), message)])
    zone = clock_of(session, finding)
    refuse_if(_faults(asked.until, now.astimezone(zone).date()))
    finding.acknowledged_because = asked.because
    finding.acknowledged_until = instant_of(asked.until + _DAY, 0, zone)
    _tell(session, finding, "acknowledged")


def unacknowledge(session: Session, finding_id: uuid.UUID) -> None:
    """Take an acknowledgement back; where there is none nothing changes.

    Raises
    ------
    Refused
        where there is no such finding.

    """
    finding = the_finding(session, finding_id, locked=True)
    if finding.acknowledged_until is None:
        return
    finding.acknowledged_because = finding.acknowledged_until = None
    _tell(session, finding, "unacknowledged")


def clock_of(session: Session, finding: Finding) -> ZoneInfo:
    """The clock by which a finding is told: that of the hospital it concerns; UTC where it concerns several or all."""
    if len(finding.hospitals) != 1:
        return _UTC
    return zone_named(session.scalar(select(Hospital.timezone).where(Hospital.id == finding.hospitals[0])))


def zone_named(timezone: str | None) -> ZoneInfo:
    """A time zone; UTC for one that is not known (which is a finding of its own)."""
    return zone_of(timezone) or _UTC


def last_day(until: dt.datetime, zone: ZoneInfo) -> dt.date:
    """The last day of an acknowledgement that ends at `until`, as it was asked for."""
    return (until - dt.timedelta(microseconds=1)).astimezone(zone).date()


def _faults(until: dt.date, today: dt.date) -> list[Fault]:
    if until < today:
        message = f"until is {until}, which has passed; it is {today} already. Choose today or a later day."
        return [Fault("until_passed", "until", until.isoformat(), message)]
    latest = today + LONGEST * _DAY
    if until > latest:
        message = f"until is {until}, further than {LONGEST} days from now; choose {latest} or an earlier day."
        return [Fault("until_too_far", "until", until.isoformat(), message)]
    return []


def _tell(session: Session, finding: Finding, what: str) -> None:
    """Tell pages and other systems what became of a finding."""
    session.flush()
    outbox.tell(session, f"finding.{what}", [{"finding": str(finding.id)}])
