"""When what was validated last: of one hospital, or of all."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from models.validation.jobs import UNFINISHED
from models.validation.reading import tally_reports
from models.validation.tables import Change, ReportStatus, ValidationReport

_ENDED = (ReportStatus.FINISHED, ReportStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Checked:
    """The last finished reports of the hospitals looked at, the one finished longest ago first.

    `last`: the one that tells of each hospital. `never`: how many of them were never validated.
    `failed`: a report that failed, where none has finished since.
    `changes`: how what these reports found compares with what was found before. `unfinished`: what runs or waits.
    """

    reports: Sequence[ValidationReport]
    last: Mapping[uuid.UUID, ValidationReport]
    never: int
    failed: ValidationReport | None
    changes: Mapping[Change, int]
    unfinished: Sequence[ValidationReport]

    @property
    def at(self) -> dt.datetime | None:
        """Since when at least everything looked at has been validated; None where some of it never was."""
        return self.reports[0].finished_at if self.reports and not self.never else None


def read_checked(session: Session, hospitals: Collection[uuid.UUID], now: dt.datetime) -> Checked:
    """When these hospitals were validated last."""
    finished = _last(session, (ReportStatus.FINISHED,))
    of_each = {each: report for each in hospitals if (report := _later(finished.get(each), finished.get(None)))}
    reports = sorted({report.id: report for report in of_each.values()}.values(), key=_finished)
    tallies = tally_reports(session, reports, now)
    last = _last(session, _ENDED)
    ended = [report for each in hospitals if (report := _later(last.get(each), last.get(None)))]
    return Checked(
        reports,
        of_each,
        len(hospitals) - len(of_each),
        next((report for report in sorted(ended, key=_finished) if report.status is ReportStatus.FAILED), None),
        {change: sum(tally.changes[change] for tally in tallies.values()) for change in Change},
        read_unfinished(session, hospitals),
    )


def read_unfinished(session: Session, hospitals: Collection[uuid.UUID]) -> Sequence[ValidationReport]:
    """The reports of these hospitals, or of everything, that run or wait; those that run first."""
    rows = select(ValidationReport).where(
        ValidationReport.status.in_(UNFINISHED),
        ValidationReport.hospital_id.is_(None) | ValidationReport.hospital_id.in_(hospitals),
    )
    running = ValidationReport.status == ReportStatus.RUNNING
    return session.scalars(rows.order_by(running.desc(), ValidationReport.id)).all()


def _last(session: Session, statuses: Collection[ReportStatus]) -> dict[uuid.UUID | None, ValidationReport]:
    """The last report of each hospital, and of everything (None), that ended like that."""
    place = ValidationReport.hospital_id
    rows = select(ValidationReport).ext(distinct_on(place)).where(ValidationReport.status.in_(statuses))
    newest = rows.order_by(place, ValidationReport.finished_at.desc(), ValidationReport.id.desc())
    return {report.hospital_id: report for report in session.scalars(newest)}


def _later(one: ValidationReport | None, other: ValidationReport | None) -> ValidationReport | None:
    return max((report for report in (one, other) if report), key=_finished, default=None)


def _finished(report: ValidationReport) -> tuple[dt.datetime, uuid.UUID]:
    return report.finished_at or report.created_at, report.id
