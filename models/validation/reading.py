"""Reading what validations found: reports, findings, and what they come to."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select
from sqlalchemy.orm import Session

from models.access.reach import of
from models.references import missing
from models.validation.codes import Code, Severity
from models.validation.recording import KEPT
from models.validation.tables import (
    Change,
    Finding,
    Fragility,
    HourValue,
    ReportStatus,
    Sighting,
    ValidationReport,
)
from planner.problem import Priority

RANK: Mapping[Severity, int] = {severity: rank for rank, severity in enumerate(Severity)}
"""The place of each severity: 0 is the worst."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many findings of each code there are, and how bad they are.

    `acknowledged` of them somebody knows of; `worst` is the worst severity of the others, None where there are none.
    """

    codes: Mapping[Code, int] = field(default_factory=dict)
    acknowledged: int = 0
    worst: Severity | None = None

    @property
    def total(self) -> int:
        """How many findings there are."""
        return sum(self.codes.values())

    @property
    def severities(self) -> dict[Severity, int]:
        """How many of each severity there are, the worst first."""
        counts = Counter[Severity]()
        for code, count in self.codes.items():
            counts[code.severity] += count
        return {severity: counts[severity] for severity in Severity}


@dataclass(frozen=True, slots=True)
class ReportTally:
    """What a report comes to: the findings that it saw, and how all of its findings compare with those before.

    Of a code that it found more often than is kept all are counted as seen; only those that are kept compare.
    """

    seen: Tally = field(default_factory=Tally)
    changes: Mapping[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))


def select_reports(
    *,
    hospital: uuid.UUID | None = None,
    everything: bool = False,
    statuses: Collection[ReportStatus] = (),
    nightly: bool | None = None,
    night: dt.date | None = None,
) -> Select[ValidationReport]:
    """Reports, newest first.

    `hospital`: only those of it, and with `everything` those of everything. `nightly`: only those of nights, or only
    those that somebody asked for. `night`: only of this date by the hospitals' clocks.
    """
    rows: Select[ValidationReport] = select(ValidationReport).order_by(ValidationReport.id.desc())
    if hospital:
        rows = rows.where(_is_of(hospital) if everything else ValidationReport.hospital_id == hospital)
    if statuses:
        rows = rows.where(ValidationReport.status.in_(statuses))
    if nightly is not None:
        rows = rows.where(ValidationReport.night.is_not(None) if nightly else ValidationReport.night.is_(None))
    if night:
        rows = rows.where(ValidationReport.night == night)
    return rows


def last_finished(session: Session, hospital: uuid.UUID | None = None) -> ValidationReport | None:
    """The report that was finished last: of a hospital or of everything; of any hospital where none is named."""
    rows = select(ValidationReport).where(ValidationReport.status == ReportStatus.FINISHED)
    if hospital:
        rows = rows.where(_is_of(hospital))
    return session.scalar(rows.order_by(ValidationReport.finished_at.desc(), ValidationReport.id.desc()).limit(1))


def _is_of(hospital: uuid.UUID) -> ColumnElement[bool]:
    """Whether a report has looked at a hospital."""
    return or_(ValidationReport.hospital_id == hospital, ValidationReport.hospital_id.is_(None))


def tally_reports(
    session: Session, reports: Iterable[ValidationReport], now: dt.datetime
) -> dict[uuid.UUID, ReportTally]:
    """What reports come to, by their ids; who knows of a finding is asked of `now`."""
    counts = {report.id: report.counts for report in reports}
    rows = session.execute(
        select(Sighting.report_id, Finding.code, Sighting.change, _known(now).label("known"), func.count())
        .join(Finding, Finding.id == Sighting.finding_id)
        .where(Sighting.report_id.in_(counts))
        .group_by(Sighting.report_id, Finding.code, Sighting.change, "known")
    )
    seen: dict[uuid.UUID, Counter[tuple[Code, bool]]] = defaultdict(Counter)
    changes: dict[uuid.UUID, Counter[Change]] = defaultdict(Counter)
    for report, code, change, known, count in rows:
        changes[report][change] += count
        if change is not Change.GONE:
            seen[report][code, known] += count
    for report, found in counts.items():
        for name, count in found.items():
            if count > KEPT and not of(session).is_bounded:  # nobody knows where those not kept are
                seen[report][Code(name), False] += count - KEPT
    return {
        report: ReportTally(_tally(seen[report]), {change: changes[report][change] for change in Change})
        for report in counts
    }


def tally_standing(session: Session, now: dt.datetime, hospital: uuid.UUID | None = None) -> Tally:
    """What the findings that stand come to; of those that concern a hospital, where one is named."""
    rows = session.execute(
        select(Finding.code, _known(now).label("known"), func.count())
        .where(Finding.gone_at.is_(None), concerns(hospital))
        .group_by(Finding.code, "known")
    )
    return _tally({(code, known): count for code, known, count in rows})


def concerns(hospital: uuid.UUID | None) -> ColumnElement[bool]:
    """Whether a finding concerns a hospital; one that concerns none in particular concerns all. None: any hospital."""
    if hospital is None:
        return ~false()
    its = Finding.hospitals.op("@>", is_comparison=True)([hospital])
    return or_(its, Finding.hospitals == [])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings are wanted; all of them, where nothing is said.

    `hospital`: see `concerns`. `acknowledged`: only those somebody knows of, or only the others. `after`: only what
    comes after the finding of this rank (`RANK`) and id.
    """

    hospital: uuid.UUID | None = None
    severities: Collection[Severity] = ()
    codes: Collection[Code] = ()
    acknowledged: bool | None = None
    after: tuple[int, uuid.UUID] | None = None

    def conditions(self, now: dt.datetime) -> Iterator[ColumnElement[bool]]:
        """What a finding has to be at `now`."""
        yield concerns(self.hospital)
        if self.severities:
            yield Finding.severity.in_(self.severities)
        if self.codes:
            yield Finding.code.in_(self.codes)
        if self.acknowledged is not None:
            yield _known(now) == self.acknowledged
        if self.after:
            rank, id_ = self.after
            yield or_(_rank() > rank, and_(_rank() == rank, Finding.id > id_))


def select_findings(wanted: Wanted, now: dt.datetime) -> Select[Finding]:
    """Findings that stand, the worst first, and of those the oldest."""
    return select(Finding).where(Finding.gone_at.is_(None), *wanted.conditions(now)).order_by(_rank(), Finding.id)


def select_sighted(
    report: uuid.UUID, wanted: Wanted, now: dt.datetime, changes: Collection[Change] = ()
) -> Select[Finding, Change]:
    """The findings of a report, the worst first, each with how it compares with those before; of any of `changes`."""
    rows: Select[Finding, Change] = (
        select(Finding, Sighting.change)
        .join(Sighting, Sighting.finding_id == Finding.id)
        .where(Sighting.report_id == report, *wanted.conditions(now))
        .order_by(_rank(), Finding.id)
    )
    return rows.where(Sighting.change.in_(changes)) if changes else rows


def the_finding(session: Session, finding_id: uuid.UUID, *, locked: bool = False) -> Finding:
    """A finding, whether it stands or is gone; `locked` until the transaction ends.

    Raises
    ------
    Refused
        where there is none.

    """
    found = session.get(Finding, finding_id, with_for_update=locked, populate_existing=locked)
    if found is None:
        raise missing(Finding, finding_id)
    return found


def the_report(session: Session, report_id: uuid.UUID) -> ValidationReport:
    """A report.

    Raises
    ------
    Refused
        where there is none.

    """
    found = session.get(ValidationReport, report_id)
    if found is None:
        raise missing(ValidationReport, report_id)
    return found


def fragility_of(
    session: Session, report: uuid.UUID, hospital: uuid.UUID | None = None, *, after: int = 0, limit: int | None = None
) -> Sequence[Fragility]:
    """The days of a report that would be hard to lose, those first that would strand the most.

    `after`: how many of them are left out at the beginning.
    """
    stranded = Fragility.appointments - Fragility.replaceable
    rows = select(Fragility).where(Fragility.report_id == report)
    if hospital:
        rows = rows.where(Fragility.hospital_id == hospital)
    order = (stranded.desc(), Fragility.date, Fragility.id)
    return session.scalars(rows.order_by(*order).offset(after).limit(limit)).all()


def hour_values_of(
    session: Session, report: uuid.UUID, hospital: uuid.UUID | None = None, *, after: int = 0, limit: int | None = None
) -> Sequence[HourValue]:
    """What one more hour would be worth, by specialty, hospital and day; where it books somebody first.

    `after`: how many of them are left out at the beginning.
    """
    importance = case({priority.value: rank for rank, priority in enumerate(Priority)}, value=HourValue.priority)
    rows = select(HourValue).where(HourValue.report_id == report)
    if hospital:
        rows = rows.where(HourValue.hospital_id == hospital)
    order = (HourValue.books.desc(), importance, HourValue.waiting.desc(), HourValue.date, HourValue.id)
    return session.scalars(rows.order_by(*order).offset(after).limit(limit)).all()


def is_acknowledged(finding: Finding, now: dt.datetime) -> bool:
    """Whether somebody knows of a finding and lets it be at `now`."""
    return finding.acknowledged_until is not None and finding.acknowledged_until > now


def _rank() -> ColumnElement[int]:
    return case({severity.value: rank for severity, rank in RANK.items()}, value=Finding.severity)


def _known(now: dt.datetime) -> ColumnElement[bool]:
    return func.coalesce(Finding.acknowledged_until > now, false())


def _tally(counts: Mapping[tuple[Code, bool], int]) -> Tally:
    """The tally of how many there are by code and whether they are acknowledged; the worst codes first."""
    codes = Counter[Code]()
    for (code, _), count in counts.items():
        codes[code] += count
    order = sorted(codes, key=lambda code: (RANK[code.severity], -codes[code], code))
    acknowledged = sum(count for (_, known), count in counts.items() if known)
    open_ = [code.severity for (code, known), count in counts.items() if count and not known]
    return Tally({code: codes[code] for code in order}, acknowledged, min(open_, key=RANK.__getitem__, default=None))
