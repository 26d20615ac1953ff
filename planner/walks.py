"""Walks from a refused request to those who have what it wants, who have what those want, and so on."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from planner.columns import MOVABLE, ROUTINE, Columns, accepted
from planner.hours import Bools, Ints, spans
from planner.rules import RULES

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Walk:
    """Everybody met, and every node met (see `OfferGraph`); whether the walk led into nodes shared by earlier ones."""

    seekers: Ints
    nodes: Ints
    met_shared: bool


class OfferGraph:
    """Who accepts which offers, and who has them. A node is a (doctor, moment) that is offered or kept.

    Offers count as accepted even where the patient is busy, because a certificate names *all* offers that its requests
    accept. Nodes of offers that overlap another offer of the doctor are no use for counting; a walk ends there.
    """

    def __init__(self, columns: Columns, plan: Bools) -> None:
        moments, candidates = columns.moments, columns.candidates
        offers = columns.hours.take(~columns.taken)
        takes = accepted(offers, moments, columns.seekers, columns.wishes, columns.hospital_sets)
        stays = candidates.take((candidates.rank == MOVABLE) & ~candidates.moves)
        seeker = np.concatenate([takes.seeker, stays.seeker])
        key = np.concatenate([
            moments.key(takes.hours.doctor, takes.hours.moment), moments.key(stays.doctor, stays.moment)
        ])  # fmt: skip
        order = np.argsort(seeker, kind="stable")
        self._rank = columns.seekers.rank
        self._keys, node = np.unique(key[order], return_inverse=True)
        self._node = node.astype(np.int64)
        self._begin = np.searchsorted(seeker[order], np.arange(len(self._rank) + 1))
        self._owner = np.full(len(self._keys), NOBODY, dtype=np.int64)
        chosen = candidates.take(plan)
        self._owner[np.searchsorted(self._keys, moments.key(chosen.doctor, chosen.moment))] = chosen.seeker
        self.hospital = np.zeros(len(self._keys), dtype=np.int64)
        self.hospital[self._node] = np.concatenate([takes.hours.hospital, stays.hospital])[order]
        self._moments = moments
        self._crowded = self._overlapping(moments.key(offers.doctor, offers.moment), columns)
        self._shared = np.zeros((ROUTINE + 1, len(self._keys)), dtype=np.bool_)

    def walk(self, start: list[int], rank: int, *, shared: bool) -> Walk | None:
        """Everybody met from the requests `start`; None if an offer is met that is free or goes to somebody of lower
        priority than `rank`, or one that overlaps others. With `shared`, nodes shared before are not entered.
        """
        seen = np.zeros(len(self._keys), dtype=np.bool_)
        closed = self._shared[rank] if shared else np.zeros_like(seen)
        met, met_shared = [np.array(start, dtype=np.int64)], False
        frontier = met[0]
        while len(frontier):
            reached = self._node[spans(self._begin[frontier], self._begin[frontier + 1])]
            met_shared = met_shared or bool(closed[reached].any())
            fresh = np.unique(reached[~seen[reached] & ~closed[reached]])
            frontier = self._owner[fresh]
            if (frontier == NOBODY).any() or self._crowded[fresh].any() or (self._rank[frontier] > rank).any():
                return None
            seen[fresh] = True
            met.append(frontier)
        return Walk(np.concatenate(met), np.flatnonzero(seen), met_shared)

    def share(self, walk: Walk, rank: int) -> None:
        """Lets later walks for the same rank end where they lead into this one: beyond, nothing is free."""
        self._shared[rank, walk.nodes] = True

    def place(self, nodes: Ints) -> tuple[Ints, Ints]:
        """Doctor and moment of nodes."""
        doctor, moment = np.divmod(self._keys[nodes], len(self._moments) + 1)
        return doctor, moment

    def _overlapping(self, offers: Ints, columns: Columns) -> Bools:
        """Which nodes are offered at two hospitals, or overlap another offer or node of their doctor."""
        every = np.union1d(self._keys, offers)
        offered, times = np.unique(offers, return_counts=True)
        crowded = np.isin(every, offered[times > 1])
        doctor, moment = np.divmod(every, len(columns.moments) + 1)
        number = np.arange(len(every))
        begun = np.searchsorted(every, columns.moments.key(doctor, columns.moments.overlap_from[moment]))
        for step in range(1, int((number - begun).max(initial=0)) + 1):
            later = number[number - begun >= step]
            crowded[later] = True
            crowded[later - step] = True
        return crowded[np.searchsorted(every, self._keys)]


class Blocking:
    """Who stands in whose way by any rule: the seekers that hold a row which a candidate needs."""

    def __init__(self, columns: Columns, plan: Bools) -> None:
        candidates = columns.candidates
        rows = [rule(candidates, columns.moments) for rule in RULES[2:]]
        row = np.concatenate([rows[0].row, rows[1].row + rows[0].count])
        candidate = np.concatenate([rows[0].candidate, rows[1].candidate])
        shape = (len(candidates), rows[0].count + rows[1].count)
        self._rows = csr_array((np.ones(len(row), dtype=np.int8), (candidate, row)), shape=shape)
        self._holder = np.full(shape[1], NOBODY, dtype=np.int64)
        holds = plan[candidate]
        self._holder[row[holds]] = candidates.seeker[candidate[holds]]
        self._begin = np.searchsorted(candidates.seeker, np.arange(len(columns.seekers.rank) + 1))
        self._rank = columns.seekers.rank

    def closure(self, seeker: int, rank: int) -> Ints:
        """The request and everybody of `rank` or higher who stands in its way, in their way, and so on; ascending.

        Not all of them can have an hour: otherwise they could, at the cost of requests of lower priority only.
        """
        met = np.zeros(len(self._rank), dtype=np.bool_)
        met[seeker] = True
        frontier = np.array([seeker])
        while len(frontier):
            wanted = spans(self._begin[frontier], self._begin[frontier + 1])
            holders = np.unique(self._holder[self._rows[wanted].indices])
            holders = holders[holders != NOBODY]
            frontier = holders[~met[holders] & (self._rank[holders] <= rank)]
            met[frontier] = True
        return np.flatnonzero(met)
