"""A process of its own for each measurement, so that its peak memory is its own and nothing is warm or cluttered."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def fresh(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` returns in a new process. Raises BrokenProcessPool where that dies, as for want of memory.

    A process begins with its parent's peak as its own; so whoever calls this should be small.
    """
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args, **kwargs).result()
