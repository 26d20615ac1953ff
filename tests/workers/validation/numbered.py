"""Steps that find numbers, for the tests of the job that carries steps out."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from models.settings import settings
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from workers.validation.run import validate_next
from workers.validation.step import Slice, Step

NOW = datetime(2030, 1, 7, 6, tzinfo=UTC)


def clock() -> datetime:
    return NOW


def number(value: int, code: Code = Code.ROW_BREAKS_RULE) -> Found:
    return Found(code, (Entity(Kind.ROW, f"table:{value}"),), f"The row {value} breaks a rule.")


def numbers(
    name: str,
    values: Sequence[int],
    *,
    code: Code = Code.ROW_BREAKS_RULE,
    before: Callable[[int], object] = lambda value: value,
) -> Step:
    """A step that finds one number in each slice; `before` is told each number before it is found."""

    def carry_out(_scope, after) -> Iterator[Slice]:
        begin = 0 if after is None else after["place"]
        for place in range(begin, len(values)):
            before(values[place])
            last = place + 1 == len(values)
            yield Slice([number(values[place], code)], rows=1, after=None if last else {"place": place + 1})

    return Step(name, frozenset({code}), lambda _session, _scope: len(values), carry_out)


def die(value: int, at: int) -> None:
    if value == at:
        os.kill(os.getpid(), signal.SIGKILL)


def steps(values: Sequence[int], *, dying_at: int | None = None) -> tuple[Step, ...]:
    """Two steps that find these numbers between them; the process kills itself before it finds one of them."""
    half = len(values) // 2
    before = lambda value: die(value, dying_at)  # noqa: E731
    return numbers("first", values[:half], before=before), numbers("second", values[half:], before=before)


def validate_until(values: Sequence[int], dying_at: int) -> None:
    """Make a report, in a process of its own."""
    validate_next(settings(), worker="dying", clock=clock, steps=steps(values, dying_at=dying_at))
