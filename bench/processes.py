"""A process of its own for each measurement, so that its peak memory is its own and nothing is warm or cluttered."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class MeasuringError(RuntimeError):
    """The work failed in its process; the message is that of the error, whose traceback Python shows above it."""


def fresh(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` returns in a new process.

    A process begins with its parent's peak as its own; so whoever calls this should be small. Raises MeasuringError
    where the work fails, BrokenProcessPool where the process dies, as for want of memory.
    """
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_tried, partial(work, *args, **kwargs)).result()


def _tried(work: partial[T]) -> T:
    try:
        return work()
    except Exception as error:
        # Other errors may not survive the way to the parent, which would wait for ever.
        raise MeasuringError(f"{type(error).__name__}: {error}") from error
