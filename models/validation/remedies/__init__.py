"""Applying the remedy of a finding, by the functions that the rest of the product changes the same rows with: the
rules of the schedule are judged as ever, and whoever has to hear of a change does.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import outbox
from models.faults import Fault, Refusal, Refused
from models.rescheduling.writing import meanwhile
from models.validation.reading import the_finding
from models.validation.remedies import messages, openings, requests, schedule, wall_clock
from models.validation.remedies.kinds import (
    BookRequest,
    CancelAppointment,
    CancelRequest,
    DeliverAgain,
    MoveAppointment,
    PlanReschedule,
    ProjectOpenings,
    QueueRequest,
    Remedy,
    RestoreWallClock,
    SettleRequest,
    TrimAvailability,
    WithdrawAvailabilities,
    remedy_of,
)
from models.validation.tables import Finding

Made = Mapping[str, str]
"""What a remedy made, by what it is: `{"reschedule": id}`."""

_WAYS: Mapping[type[Remedy], Callable[[Session, Any, dt.datetime], Made]] = {  # Any: each takes its own kind
    ProjectOpenings: openings.project_openings,
    RestoreWallClock: wall_clock.restore_wall_clock,
    MoveAppointment: schedule.move,
    PlanReschedule: schedule.plan,
    CancelAppointment: schedule.cancel,
    TrimAvailability: schedule.trim,
    WithdrawAvailabilities: schedule.withdraw,
    QueueRequest: requests.queue,
    CancelRequest: requests.cancel,
    SettleRequest: requests.settle,
    BookRequest: requests.book,
    DeliverAgain: messages.deliver_again,
}
"""A way raises `Refused` where the remedy does not fit any more."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A remedy that was applied, and what that made."""

    remedy: Remedy
    made: Made


def apply_remedy(session: Session, finding_id: uuid.UUID, now: dt.datetime) -> Applied:
    """Do what mends a finding, all of it or nothing. The next validation that does not see the finding lets it be gone.

    Ring the bells once the transaction has committed: a remedy may queue requests, reschedules or messages.

    Raises
    ------
    Refused
        where there is no such finding (not found); where it is gone, has no remedy that the program can apply, or was
        remedied and not been seen since; and where the remedy does not fit any more (clash), with the reasons.

    """
    finding = the_finding(session, finding_id, locked=True)
    remedy = _fitting(finding)
    try:
        with session.begin_nested():
            made = _WAYS[type(remedy)](session, remedy, now)
    except Refused as refused:
        raise _outdated(finding, refused.faults) from refused
    except IntegrityError as error:
        raise _outdated(finding, [meanwhile(error)]) from error
    finding.remedied_at = now
    session.flush()
    outbox.tell(session, "finding.remedied", [{"finding": str(finding.id)}])
    return Applied(remedy, made)


def _fitting(finding: Finding) -> Remedy:
    """The remedy of a finding for which it is neither too late nor too early."""
    if finding.gone_at:
        raise _no(finding, "finding_gone", "The finding is gone; there is nothing left to mend.")
    if finding.remedied_at and finding.remedied_at >= finding.last_seen_at:
        message = "Its remedy was applied already; the next validation shows whether that mended it."
        raise _no(finding, "finding_remedied", message)
    if finding.remedy is None:
        raise _no(finding, "no_remedy", "No remedy is known for this finding; mend it by hand.")
    remedy = remedy_of(finding.remedy)
    if type(remedy) not in _WAYS:
        raise _no(finding, "remedy_not_ours", "An operator has to apply this remedy; the program does not do it.")
    return remedy


def _no(finding: Finding, code: str, message: str) -> Refused:
    return Refused(Refusal.CLASH, [Fault(code, "", str(finding.id), message)])


def _outdated(finding: Finding, reasons: tuple[Fault, ...] | list[Fault]) -> Refused:
    message = "The remedy does not fit any more; validate again to find another."
    return Refused(Refusal.CLASH, [Fault("remedy_outdated", "", str(finding.id), message), *reasons])
