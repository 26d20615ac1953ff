"""Making a validation report: claim, carry out step after step, write each piece down, finish.

A worker that is killed has lost no more than one piece: the next one goes on from the position that was written with
the last. No transaction of the report is open while a step looks.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter

import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.booking import JsonObject
from models.session import transaction
from models.settings import Settings
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.jobs import tell
from models.validation.recording import let_go, record
from models.validation.tables import ReportStatus, ValidationReport
from workers.acting import at_work_on
from workers.bell import VALIDATE, ring
from workers.draining import handed_back_by
from workers.keeping import Clock, LeaseKept
from workers.retrying import retrying, retrying_unless
from workers.validation.claims import (
    ReportClaim,
    ReportLost,
    claim_report,
    hand_back_report,
    hold_report,
    is_any_report_queued,
    lose_report,
    renew_report,
)
from workers.validation.step import Scope, Slice, Step, reading
from workers.validation.steps import STEPS

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def validate_next(chosen: Settings, *, worker: str, clock: Clock, steps: Sequence[Step] = STEPS) -> bool:
    """Make one report; False where none was queued. Rings the bell for those that still are."""
    with transaction() as session:
        until = clock() + timedelta(seconds=chosen.lease)
        claimed = claim_report(session, worker=worker, now=clock(), until=until)
    if claimed is None:
        return False
    with at_work_on(report=claimed.report), handed_back_by(partial(_hand_back, claimed, clock)):
        try:
            ring_if_any_report_queued()
            Making(claimed, chosen, clock, steps).make()
        except ReportLost as lost:
            log.info("work dropped", reason=str(lost))
        except Exception as error:  # noqa: BLE001  # whatever it is, the report must not stay with us
            _give_back(claimed, error, chosen, clock())
        finally:
            ring_if_any_report_queued()
    return True


def ring_if_any_report_queued() -> None:
    """Ring the bell where validations wait."""

    def look() -> bool:
        with transaction() as session:
            return is_any_report_queued(session)

    if retrying(look):
        ring(VALIDATE)


class Making:
    """One worker's go at a report."""

    def __init__(self, claimed: ReportClaim, chosen: Settings, clock: Clock, steps: Sequence[Step]) -> None:
        self._claimed, self._clock, self._steps = claimed, clock, steps
        self._scope = Scope(claimed.report, claimed.hospital, claimed.since, chosen, clock)
        self._lease = LeaseKept(
            lambda session, until: renew_report(session, claimed, until=until), lease=chosen.lease, clock=clock
        )

    def make(self) -> None:
        """Carry out what is left to do.

        Raises
        ------
        ReportLost
            where somebody else has the report.

        """
        began = perf_counter()
        with self._lease:
            begin, after = self._begin()
            for step in self._steps[begin:]:
                self._carry_out(step, after)
                after = None
            retrying(self._finish)
        log.info("validated", seconds=round(perf_counter() - began, 3))

    def _begin(self) -> tuple[int, JsonObject | None]:
        """The place of the step to begin with, and where in it."""
        with reading() as session:
            name, after, total = session.execute(
                select(ValidationReport.step, ValidationReport.position, ValidationReport.total).where(
                    ValidationReport.id == self._claimed.report
                )
            ).one()
            expected = sum(step.rows(session, self._scope) for step in self._steps) if total is None else total
        if total is None:
            self._write(lambda report, _session: setattr(report, "total", expected))
        names = [step.name for step in self._steps]
        return (names.index(name), after) if name in names else (0, None)

    def _carry_out(self, step: Step, after: JsonObject | None) -> None:
        """Carry out a step. One that fails is a finding, and the others are carried out all the same."""
        began = perf_counter()
        rows = 0
        try:
            if after is None:
                self._done(step, Slice(), 0.0)
            for piece in step.carry_out(self._scope, after):
                rows += piece.rows
                self._done(step, piece, perf_counter() - began)
                began = perf_counter()
        except (ReportLost, OperationalError):
            raise
        except Exception as error:  # a database that breaks its own rules can break any check
            log.exception("a check failed", step=step.name)
            self._failed(step, error)

    def _done(self, step: Step, piece: Slice, seconds: float) -> None:
        if self._lease.lost:
            raise ReportLost("it was taken away while it was made")

        def write(report: ValidationReport, session: Session) -> None:
            report.step, report.position = step.name, piece.after
            report.done += piece.rows
            so_far = report.steps.get(step.name, {"rows": 0, "seconds": 0.0})
            report.steps = report.steps | {
                step.name: {
                    "rows": so_far["rows"] + piece.rows,
                    "seconds": round(so_far["seconds"] + seconds, 3),
                }
            }
            record(session, report, piece.found, self._clock())
            piece.write(session)

        self._write(write)

    def _failed(self, step: Step, error: Exception) -> None:
        found = Found(
            Code.CHECK_FAILED,
            (Entity(Kind.CHECK, step.name),),
            f"The check “{step.name}” could not be carried out; what it looks for is not known. See the worker's log.",
            facts={"error": type(error).__name__},
        )

        def write(report: ValidationReport, session: Session) -> None:
            report.unchecked = sorted({*report.unchecked, *step.codes})
            record(session, report, [found], self._clock())

        self._write(write)

    def _finish(self) -> None:
        def write(report: ValidationReport, session: Session) -> None:
            now = self._clock()
            let_go(session, report, now)
            report.status, report.finished_at = ReportStatus.FINISHED, now
            report.step = report.position = report.lease_expires_at = None
            session.flush()
            tell(session, report.id, ReportStatus.FINISHED)

        self._write(write)

    def _write(self, write: Callable[[ValidationReport, Session], None]) -> None:
        """Change the report in a transaction of its own, if it is still ours."""
        with transaction() as session:
            report = hold_report(session, self._claimed, self._clock())
            write(report, session)


def _give_back(claimed: ReportClaim, error: Exception, chosen: Settings, now: datetime) -> None:
    """Queue a report whose run failed again, with one more lost run on its account."""
    log.error("validation interrupted", error=type(error).__name__, exc_info=error)

    def give_back() -> None:
        with transaction() as session:
            report = hold_report(session, claimed, now)
            lose_report(session, report, f"of {type(error).__name__}", now=now, max_attempts=chosen.max_attempts)

    retrying_unless(ReportLost, give_back)


def _hand_back(claimed: ReportClaim, clock: Clock) -> None:
    """Queue a report again whose worker is told to end; another goes on with it."""

    def hand_back() -> None:
        with transaction() as session:
            hand_back_report(session, claimed, clock())

    retrying_unless(ReportLost, hand_back)
    ring_if_any_report_queued()
