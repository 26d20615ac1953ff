"""From a choice that breaks rules to a plan, by simple means: something to start from, and to fall back on."""

import numpy as np
from scipy.sparse import csr_array

from planner.columns import MOVABLE, Candidates
from planner.hours import Bools, Ints, Moments
from planner.rules import RULES


class Repair:
    """Makes plans out of choices. Built once for some candidates, because counting who uses what takes a table."""

    def __init__(self, candidates: Candidates, moments: Moments) -> None:
        rows = [rule(candidates, moments) for rule in RULES]
        offset = np.cumsum([0, *(r.count for r in rows)])
        row = np.concatenate([r.row + start for r, start in zip(rows, offset[:-1], strict=True)])
        candidate = np.concatenate([r.candidate for r in rows])
        ones = np.ones(len(row), dtype=np.int64)
        self._rows = csr_array((ones, (candidate, row)), shape=(len(candidates), int(offset[-1])))
        self._candidates = candidates
        self._stays = np.flatnonzero((candidates.rank == MOVABLE) & ~candidates.moves)

    def plan(self, wanted: Bools, gain: Ints) -> Bools:
        """A plan near `wanted` (both masks) in which nobody could do better without displacing somebody else.

        Movable appointments take the hours wanted for them if they all can, and stay otherwise. Then the requests of
        `wanted` in the order of their rank and gain, each unless it breaks a rule by now; then improvements.
        """
        rank = self._candidates.rank
        used = np.zeros(self._rows.shape[1], dtype=np.int64)
        kept = np.flatnonzero(wanted & (rank == MOVABLE))
        chosen = self._add_all(kept, used)
        if int(chosen.sum()) < len(self._stays):
            used[:] = 0
            chosen = self._add_all(self._stays, used)
        requests = np.flatnonzero(wanted & (rank != MOVABLE))
        chosen |= self._add_all(requests[np.lexsort((requests, -gain[requests], rank[requests]))], used)
        self._improve(chosen, used, gain)
        return chosen

    def _add_all(self, candidates: Ints, used: Ints) -> Bools:
        """Adds each in turn unless it breaks a rule; the mask of those added."""
        added = np.zeros(len(self._candidates), dtype=np.bool_)
        for candidate in candidates.tolist():
            rows = self._rows_of(candidate)
            if not used[rows].any():
                used[rows] += 1
                added[candidate] = True
        return added

    def _improve(self, chosen: Bools, used: Ints, gain: Ints) -> None:
        """Gives seekers better candidates that collide with nothing but their own present one, while there are any."""
        seeker = self._candidates.seeker
        while True:
            present = np.full(int(seeker.max(initial=-1)) + 1, -1, dtype=np.int64)
            present[seeker[chosen]] = np.flatnonzero(chosen)
            rise = gain - np.where(present[seeker] >= 0, gain[present[seeker]], 0)
            better = np.flatnonzero(rise > 0)
            mine = present[seeker[better]]
            own = self._rows[better].multiply(self._rows[mine]).sum(axis=1) * (mine >= 0)
            free = better[self._rows[better] @ used == own]
            if not len(free):
                return
            for candidate in free[np.lexsort((free, -rise[free]))].tolist():
                self._take(candidate, present, used, chosen)

    def _take(self, candidate: int, present: Ints, used: Ints, chosen: Bools) -> None:
        """Moves the seeker of `candidate` there, unless it has moved already or another seeker's move blocks it now."""
        seeker = int(self._candidates.seeker[candidate])
        before = int(present[seeker])
        if before >= 0 and not chosen[before]:
            return
        if before < 0 and used[self._rows_of(candidate)].any():
            return
        if before >= 0:
            used[self._rows_of(before)] -= 1
        if used[self._rows_of(candidate)].any():
            used[self._rows_of(before)] += 1
            return
        chosen[candidate] = True
        used[self._rows_of(candidate)] += 1
        if before >= 0:
            chosen[before] = False

    def _rows_of(self, candidate: int) -> Ints:
        return np.asarray(self._rows.indices[self._rows.indptr[candidate] : self._rows.indptr[candidate + 1]])
