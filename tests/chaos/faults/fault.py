"""What a fault is: something that is done to the system on purpose, for some seconds, and then put right."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.chaos.stage import Stage

Strike = Callable[[Stage, Random, threading.Event], str | None]
"""Does a fault's harm until the event is set, and leaves everything as it was. Returns what there is to tell of it."""


@dataclass(frozen=True)
class Fault:
    """A fault: its name, what it does, what of the product stands against it, and how long it lasts (seconds).

    `sabotages` are guards (`tests.chaos.sabotage`) of which each, switched off, lets the fault do harm that the checker
    finds. `needs_disk`: only where the data folder has a small disk of its own.
    """

    name: str
    does: str
    guard: str
    lasts: tuple[float, float]
    sabotages: tuple[str, ...]
    strike: Strike
    needs_disk: bool = False


FAULTS: dict[str, Fault] = {}
"""Every fault by its name."""


def fault(
    guard: str, *sabotages: str, lasts: tuple[float, float] = (0, 0), needs_disk: bool = False
) -> Callable[[Strike], Strike]:
    """Make a function a fault: its name is the fault's, and its docstring says what it does."""

    def add(strike: Strike) -> Strike:
        name = strike.__name__.replace("_", "-")
        does = " ".join((strike.__doc__ or "").split())
        FAULTS[name] = Fault(name, does, guard, lasts, sabotages, strike, needs_disk)
        return strike

    return add
