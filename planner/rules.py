"""The hard rules, each stated once for every stage that needs it: the bound, the model, the certificates.

A rule is a function from candidates to rows. A row is a set of candidates of which at most one (or exactly one) can be
chosen. `planner.verify` states the same rules again, without this file.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planner.candidates import MOVABLE, Candidates
from planner.hours import Bools, Ints, Moments, spans


@dataclass(frozen=True, slots=True)
class Rows:
    """Sets of candidates: candidate `c` is in the rows from `first[c]` up to, not including, `last[c]`.

    `exactly`: exactly one of each row is chosen; otherwise at most one.
    """

    first: Ints
    last: Ints
    count: int
    exactly: bool = False

    @property
    def candidate(self) -> Ints:
        """The candidates, each as often as it is in a row, ascending."""
        return np.repeat(np.arange(len(self.first)), self.last - self.first)

    @property
    def row(self) -> Ints:
        """The rows they are in, entry by entry of `candidate`."""
        return spans(self.first, self.last)

    def broken(self, chosen: Bools) -> Ints:
        """The rows that the chosen candidates (a mask) do not obey."""
        used = np.bincount(spans(self.first[chosen], self.last[chosen]), minlength=self.count)
        return np.flatnonzero((used != 1) if self.exactly else (used > 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantRows(Rows):
    """Rows that stand for an instant each: the hours in row `r` need `owner[r]`, a doctor or a patient by number, at
    the start of moment `moment[r]`. `apart`: the hours in a row all start then; no two overlap in part.
    """

    owner: Ints
    moment: Ints
    apart: bool


def one_hour_per_request(candidates: Candidates, _moments: Moments) -> Rows:
    """A request is booked once or not at all (rule 1)."""
    return _rows_by_seeker(candidates, candidates.rank != MOVABLE)


def movable_keeps_an_hour(candidates: Candidates, _moments: Moments) -> Rows:
    """A movable appointment stays or gets another hour; it is never given up (rule 5)."""
    return _rows_by_seeker(candidates, candidates.rank == MOVABLE, exactly=True)


def doctor_in_one_place(candidates: Candidates, moments: Moments) -> InstantRows:
    """No two hours of one doctor overlap (rule 3)."""
    return _one_at_a_time(candidates.doctor, candidates.moment, moments)


def patient_in_one_place(candidates: Candidates, moments: Moments) -> InstantRows:
    """No two hours of one patient overlap (rule 4)."""
    return _one_at_a_time(candidates.patient, candidates.moment, moments)


Rule = Callable[[Candidates, Moments], Rows]

RULES: tuple[Rule, ...] = (
    one_hour_per_request,
    movable_keeps_an_hour,
    doctor_in_one_place,
    patient_in_one_place,
)


def numbered(keys: Ints) -> tuple[Ints, Ints]:
    """The distinct keys (0 or more), ascending, and for each key its place among them.

    By a table of flags where keys are dense, which takes a tenth of the time of sorting.
    """
    largest = int(keys.max(initial=-1)) + 1
    if largest > DENSE * len(keys):
        distinct, place = np.unique(keys, return_inverse=True)
        return distinct, place.astype(np.int64)
    present = np.zeros(largest, dtype=np.bool_)
    present[keys] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[keys]


DENSE = 8
"""Keys are dense where the largest is at most so many times their number."""


def _rows_by_seeker(candidates: Candidates, concerned: Bools, *, exactly: bool = False) -> Rows:
    """One row per seeker whose candidates are `concerned`."""
    fresh = np.ones(len(candidates), dtype=np.bool_)
    fresh[1:] = candidates.seeker[1:] != candidates.seeker[:-1]
    last: Ints = np.cumsum(fresh & concerned)
    return Rows(last - concerned, last, int(last.max(initial=0)), exactly)


def _one_at_a_time(owner: Ints, moment: Ints, moments: Moments) -> InstantRows:
    """One row per instant at which hours of one owner can coincide.

    Hours are intervals of equal length, so hours that overlap pairwise share an instant (Helly's theorem in one
    dimension), and it is enough to look at the starts: at each, the hours of the owner that have begun and not ended.
    A set that a later start's set contains is left out. Where all clocks agree on full hours, a row is simply
    an (owner, hour); an hour at 10:30 makes one row with 10:00 and one with 11:00.
    """
    keys, node = numbered(moments.key(owner, moment))  # node: an (owner, moment) of some candidate
    owners, starts = np.divmod(keys, len(moments) + 1)
    begun = np.searchsorted(keys, moments.key(owners, moments.overlap_from[starts]))
    whole = np.ones(len(keys), dtype=np.bool_)
    whole[:-1] = begun[1:] > begun[:-1]
    latest = np.flatnonzero(whole)  # row r has the nodes from earliest[r] to latest[r]
    earliest = begun[latest]
    nodes = np.arange(len(keys))
    first = np.searchsorted(latest, nodes, side="left")
    last = np.searchsorted(earliest, nodes, side="right")
    apart = len(latest) == len(keys)
    return InstantRows(first[node], last[node], len(latest), owner=owners[latest], moment=starts[latest], apart=apart)
