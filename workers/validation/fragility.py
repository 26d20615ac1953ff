"""Which days a hospital can lose, and which it cannot: for each doctor's day and each of its own (N-1)."""

import datetime as dt
from collections.abc import Iterator
from functools import partial
from itertools import tee
from time import perf_counter
from uuid import UUID

from sqlalchemy.orm import Session

from models.booking import JsonObject
from models.rescheduling.inputs import Policy
from models.validation.fragility import Ahead, Day, count_days, hospitals_ahead, read_ahead, write_fragility
from planner.loss import Outcome
from planner.losses import outcomes
from workers.retrying import retrying
from workers.validation.remedies.findings import policy_of
from workers.validation.step import Scope, Slice, Step, reading

SECONDS = 1.5
"""About how long a slice takes."""


def _count(session: Session, scope: Scope) -> int:
    return count_days(session, scope.hospital, scope.since)


def _look(scope: Scope, after: JsonObject | None) -> Iterator[Slice]:
    """Hospital by hospital, each read once; `after` names a hospital and the last of its days that was looked at."""
    policy, hospitals = retrying(partial(_begin, scope))
    last = (UUID(after["hospital"]), (dt.date.fromisoformat(after["date"]), after["doctor"])) if after else None
    for hospital in hospitals:
        if last and hospital < last[0]:
            continue
        ahead = retrying(partial(_read, scope, hospital, policy))
        if ahead:
            yield from _slices(scope, ahead, last[1] if last and hospital == last[0] else None)
    yield Slice()


def _begin(scope: Scope) -> tuple[Policy, list[UUID]]:
    with reading() as session:
        policy = policy_of(session, scope.report).model_copy(update={"others_move": False})
        return policy, hospitals_ahead(session, scope.hospital)


def _read(scope: Scope, hospital: UUID, policy: Policy) -> Ahead | None:
    with reading() as session:
        return read_ahead(session, hospital, policy, scope.since)


def _slices(scope: Scope, ahead: Ahead, last: tuple[dt.date, str] | None) -> Iterator[Slice]:
    days, again = tee(day for day in ahead.days() if last is None or day.place > last)
    answers = outcomes(
        ahead.schedule,
        (day.loss for day in again),
        cancel_unplaced=ahead.policy.cancel_unplaced,
        time_limit=scope.chosen.reschedule_time_limit,
    )
    found: list[tuple[Day, Outcome]] = []
    began = perf_counter()
    for day, outcome in zip(days, answers, strict=True):
        found.append((day, outcome))
        if perf_counter() - began > SECONDS:
            yield _slice(scope, ahead.hospital, found)
            found, began = [], perf_counter()
    if found:
        yield _slice(scope, ahead.hospital, found)


def _slice(scope: Scope, hospital: UUID, found: list[tuple[Day, Outcome]]) -> Slice:
    date, doctor = found[-1][0].place

    def write(session: Session) -> None:
        write_fragility(session, scope.report, hospital, found)

    after = {"hospital": str(hospital), "date": date.isoformat(), "doctor": doctor}
    return Slice(rows=len(found), after=after, write=write)


FRAGILITY = Step("What losing a day would do", frozenset(), _count, _look)
