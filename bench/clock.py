"""How often a piece of work is timed: what is short several times, and the least time counts."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")

REPEATS = 5
REPEAT_SECONDS = 2.0


def again(seconds: Sequence[float]) -> bool:
    """Whether runs that took so long call for another one: up to `REPEATS`, until they took `REPEAT_SECONDS`."""
    return len(seconds) < REPEATS and sum(seconds) < REPEAT_SECONDS


def least(work: Callable[[], T]) -> tuple[float, T]:
    """The least time in seconds of one run or several, and what the last one gave."""
    seconds: list[float] = []
    while not seconds or again(seconds):
        begin = perf_counter()
        result = work()
        seconds.append(perf_counter() - begin)
    return min(seconds), result
