"""What one more hour of a specialty would be worth, at each hospital on each of the next days."""

from collections.abc import Iterator
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from models.booking import JsonObject
from models.validation.tables import HourValue
from models.validation.waiting import read_busy, read_waiting
from planner.hour_values import HourValue as Valued
from planner.hour_values import hour_values
from workers.validation.step import Scope, Slice, Step, reading
from workers.validation.worth.promotion import count_waiting

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def _carry_out(scope: Scope, _after: JsonObject | None) -> Iterator[Slice]:
    """In one piece: the values of all days come from one plan of everybody who waits."""
    with reading() as session:
        waiting = read_waiting(session, scope.since)
        busy = read_busy(session, waiting.active, scope.since)
    hospitals = [each.id for each in waiting.problem.hospitals if scope.hospital in (None, UUID(each.id))]
    values = hour_values(waiting.problem, hospitals, busy, scope.since, time_limit=scope.chosen.plan_time_limit)
    log.info(
        "hours valued", waiting=len(waiting.turns), unread=waiting.unread, values=len(values),
        proved=sum(each.proved for each in values),
    )  # fmt: skip
    rows = [_row(scope.report, each) for each in values]
    yield Slice(rows=len(waiting.turns), write=partial(_write, scope.report, rows))


def _row(report: UUID, value: Valued) -> dict[str, object]:
    return {
        "report_id": report,
        "hospital_id": UUID(value.hospital),
        "specialty": value.specialty,
        "date": value.date,
        "waiting": value.waiting,
        "books": value.books,
        "priority": value.priority,
        "doctor_id": UUID(value.doctor) if value.doctor else None,
        "start": value.start,
        "proved": value.proved,
    }


def _write(report: UUID, rows: list[dict[str, object]], session: Session) -> None:
    """Instead of what a worker wrote that was interrupted just then."""
    session.execute(delete(HourValue).where(HourValue.report_id == report))
    if rows:
        session.execute(insert(HourValue), rows)


HOUR_VALUES = Step("What an hour is worth", frozenset(), count_waiting, _carry_out)
