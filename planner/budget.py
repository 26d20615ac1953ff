"""The only place in the planner that looks at a clock: how much of the time limit is left, and what each stage took."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter


class Budget:
    """A time limit in seconds of wall-clock time that runs from the moment it is made.

    `progress` is called with the name of each stage when it begins.
    """

    def __init__(self, seconds: float, progress: Callable[[str], None] | None = None) -> None:
        self._end = perf_counter() + seconds
        self._progress = progress
        self.spent: dict[str, float] = {}

    def left(self) -> float:
        """Seconds until the limit; negative after it."""
        return self._end - perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the time spent inside to `spent[name]`, for the receipt."""
        begin = perf_counter()
        if self._progress is not None:
            self._progress(name)
        try:
            yield
        finally:
            self.spent[name] = self.spent.get(name, 0.0) + perf_counter() - begin
