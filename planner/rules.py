"""The hard rules, each stated once for every stage that needs it: the bound, the model, the certificates.

A rule is a function from candidates to rows. A row is a set of candidates of which at most one (or exactly one) can be
chosen. `planner.verify` states the same rules again, without this file.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planner.columns import MOVABLE, Candidates
from planner.hours import Bools, Ints, Moments, spans


@dataclass(frozen=True, slots=True)
class Rows:
    """Sets of candidates: candidate `candidate[i]` is in row `row[i]`; `row` ascends from 0 to `count - 1`.

    `exactly`: exactly one of each row is chosen; otherwise at most one.
    """

    row: Ints
    candidate: Ints
    count: int
    exactly: bool = False

    def broken(self, chosen: Bools) -> Ints:
        """The rows that the chosen candidates (a mask) do not obey."""
        used = np.bincount(self.row[chosen[self.candidate]], minlength=self.count)
        return np.flatnonzero((used != 1) if self.exactly else (used > 1))


def one_hour_per_request(candidates: Candidates, _moments: Moments) -> Rows:
    """A request is booked once or not at all (rule 1)."""
    return _rows_by(candidates.seeker, np.flatnonzero(candidates.rank != MOVABLE))


def movable_keeps_an_hour(candidates: Candidates, _moments: Moments) -> Rows:
    """A movable appointment stays or gets another hour; it is never given up (rule 5)."""
    return _rows_by(candidates.seeker, np.flatnonzero(candidates.rank == MOVABLE), exactly=True)


def doctor_in_one_place(candidates: Candidates, moments: Moments) -> Rows:
    """No two hours of one doctor overlap (rule 3)."""
    return _one_at_a_time(candidates.doctor, candidates.moment, moments)


def patient_in_one_place(candidates: Candidates, moments: Moments) -> Rows:
    """No two hours of one patient overlap (rule 4)."""
    return _one_at_a_time(candidates.patient, candidates.moment, moments)


Rule = Callable[[Candidates, Moments], Rows]

RULES: tuple[Rule, ...] = (
    one_hour_per_request,
    movable_keeps_an_hour,
    doctor_in_one_place,
    patient_in_one_place,
)


def obeys(candidates: Candidates, moments: Moments, chosen: Bools) -> bool:
    """Whether the chosen candidates (a mask) obey every rule."""
    return all(len(rule(candidates, moments).broken(chosen)) == 0 for rule in RULES)


def _rows_by(seeker: Ints, candidate: Ints, *, exactly: bool = False) -> Rows:
    """One row per seeker; `seeker` ascends over all candidates, `candidate` names those that count."""
    of = seeker[candidate]
    first = np.ones(len(of), dtype=np.bool_)
    first[1:] = of[1:] != of[:-1]
    return Rows(np.cumsum(first) - 1, candidate, int(first.sum()), exactly)


def _one_at_a_time(owner: Ints, moment: Ints, moments: Moments) -> Rows:
    """One row per instant at which hours of one owner can coincide.

    Hours are intervals of equal length, so hours that overlap pairwise share an instant (Helly's theorem in one
    dimension), and it is enough to look at the starts: at each, the hours of the owner that have begun and not ended.
    A set that a later start's set contains is left out. Where all clocks agree on full hours, a row is simply
    an (owner, hour); an hour at 10:30 makes one row with 10:00 and one with 11:00.
    """
    keys = moments.key(owner, moment)
    order = np.argsort(keys, kind="stable")
    distinct = np.ones(len(keys), dtype=np.bool_)
    distinct[1:] = np.diff(keys[order]) != 0
    node_start = np.flatnonzero(distinct)  # node: an (owner, moment) of some candidate; where its candidates begin
    node_end = np.append(node_start[1:], len(keys))
    lead = order[node_start]
    nodes = keys[lead]
    begun = np.searchsorted(nodes, moments.key(owner[lead], moments.overlap_from[moment[lead]]))
    whole = np.ones(len(nodes), dtype=np.bool_)
    whole[:-1] = begun[1:] > begun[:-1]
    last_node = np.flatnonzero(whole)
    member = spans(begun[last_node], last_node + 1)
    row = np.repeat(np.arange(len(last_node)), last_node + 1 - begun[last_node])
    size = node_end[member] - node_start[member]
    return Rows(np.repeat(row, size), order[spans(node_start[member], node_end[member])], len(last_node))
