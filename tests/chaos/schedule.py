"""Which fault strikes next, drawn from a seed, and carried out beside the load."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.stage import Stage

CALM = (1.0, 4.0)
"""Seconds for which callers are answered before the next fault strikes."""

TOGETHER = 0.2
"""How often a fault does not wait for the end of the one before."""

LONGEST_SILENCE = 30.0
"""Seconds after which the next fault strikes though nobody has been answered yet."""


@dataclass(frozen=True)
class Due:
    """One fault of a schedule: how long it waits (seconds) once callers are answered again, and how long it lasts.

    `together`: it does not wait for the end of the fault before it.
    """

    fault: Fault
    pause: float
    lasts: float
    seed: int
    together: bool = False


@dataclass
class Struck:
    """What became of it. The instants are the database's to compare with: UTC."""

    due: Due
    began: datetime
    ended: datetime | None = None
    told: str = ""


def draw(seed: int, faults: Sequence[Fault]) -> Iterator[Due]:
    """Faults without end: all in turn, in an order of the seed's, and again in another."""
    random = Random(f"schedule {seed}")
    while faults:
        for each in random.sample(faults, len(faults)):
            yield Due(
                each,
                pause=random.uniform(*CALM),
                lasts=random.uniform(*each.lasts),
                seed=random.getrandbits(32),
                together=random.random() < TOGETHER,
            )


def alone(seed: int, fault: Fault, lasts: float, times: int) -> Iterator[Due]:
    """One fault some times, each time for so many seconds."""
    random = Random(f"alone {seed}")
    for _ in range(times):
        yield Due(fault, pause=CALM[0], lasts=lasts, seed=random.getrandbits(32))


def choose(names: Collection[str], *, disk: bool) -> list[Fault]:
    """The faults of some names, or all; without a small disk to fill, those that need none.

    Raises
    ------
    LookupError
        naming what is no fault.

    """
    if unknown := set(names) - FAULTS.keys():
        raise LookupError(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
    return [each for name, each in FAULTS.items() if (not names or name in names) and (disk or not each.needs_disk)]


@dataclass
class Striking:
    """Carries a schedule out, each fault in a thread of its own.

    `answered` counts what callers were answered so far; `remark` hears what begins and ends.
    """

    stage: Stage
    answered: Callable[[], int]
    remark: Callable[..., None]
    struck: list[Struck] = field(default_factory=list)
    _at_work: list[threading.Thread] = field(default_factory=list)
    _no_more: threading.Event = field(default_factory=threading.Event)
    _schedule: threading.Thread | None = None

    @property
    def now(self) -> list[str]:
        """The faults that are at work."""
        return [each.due.fault.name for each in self.struck if each.ended is None]

    @property
    def is_over(self) -> bool:
        """Whether the schedule has come to its end, and callers have been answered since."""
        return self._schedule is not None and not self._schedule.is_alive()

    def begin(self, schedule: Iterable[Due]) -> None:
        """Start to strike."""
        self._schedule = threading.Thread(target=self._carry_out, args=(schedule,), name="faults", daemon=True)
        self._schedule.start()

    def strike(self, due: Due) -> None:
        """Let a fault strike now, whatever else is at work."""
        thread = threading.Thread(target=self._strike, args=(due,), name=due.fault.name, daemon=True)
        self._at_work.append(thread)
        thread.start()

    def end(self) -> None:
        """Strike no more, and wait until the faults that are at work are over and all is put right."""
        self._no_more.set()
        if self._schedule:
            self._schedule.join()
        self._wait_for_the_end()

    def _carry_out(self, schedule: Iterable[Due]) -> None:
        for due in schedule:
            if not due.together:
                self._wait_for_the_end()
                self._wait_for_an_answer()
            if self._no_more.wait(due.pause):
                return
            self.strike(due)
        self._wait_for_the_end()
        self._wait_for_an_answer()
        self._no_more.wait(CALM[1])  # others ask again meanwhile

    def _wait_for_the_end(self) -> None:
        while self._at_work:
            self._at_work.pop().join()

    def _wait_for_an_answer(self) -> None:
        before, deadline = self.answered(), time.monotonic() + LONGEST_SILENCE
        while self.answered() == before and time.monotonic() < deadline:
            if self._no_more.wait(0.05):
                return

    def _strike(self, due: Due) -> None:
        struck = Struck(due, datetime.now(UTC))
        self.struck.append(struck)
        self.remark("fault begins", fault=due.fault.name)
        over = threading.Event()
        clock = threading.Timer(due.lasts, over.set)
        clock.daemon = True
        clock.start()
        try:
            struck.told = due.fault.strike(self.stage, Random(due.seed), over) or ""
        except Exception as error:  # noqa: BLE001  # told in the outcome: a fault that could not strike tries nothing
            struck.told = f"{NOT_STRUCK}: {type(error).__name__}: {error}"
        finally:
            struck.ended = datetime.now(UTC)
            self.remark("fault ends", fault=due.fault.name, told=struck.told)


NOT_STRUCK = "did not strike"
