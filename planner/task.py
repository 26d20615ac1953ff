"""One maximisation, as every stage of the search takes it."""

from dataclasses import dataclass
from typing import NamedTuple, Self

from planner.columns import Candidates
from planner.hours import Bools, Ints, Moments


class Floor(NamedTuple):
    """A goal that must not fall: the `gain` of the chosen candidates must add up to `least` or more."""

    gain: Ints
    least: int


@dataclass(frozen=True, slots=True)
class Task:
    """Choose among `candidates` so that every rule and floor is obeyed and the `gain` adds up to the most.

    `gain` has one whole number per candidate; 0 for an appointment that stays, less for one that moves.
    """

    candidates: Candidates
    moments: Moments
    gain: Ints
    floors: tuple[Floor, ...] = ()

    def take(self, which: Ints | Bools) -> Self:
        """The same with some of the candidates only."""
        floors = tuple(Floor(floor.gain[which], floor.least) for floor in self.floors)
        return type(self)(self.candidates.take(which), self.moments, self.gain[which], floors)

    def gained(self, chosen: Bools) -> int:
        """The gain of the chosen candidates (a mask)."""
        return int(self.gain[chosen].sum())
