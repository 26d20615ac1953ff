"""Walks from refused requests to those who hold what they want, who hold what those want, and so on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from planner.hours import Ints
from planner.standing import distinct

NOBODY = -1
"""The holder of a thing that nobody holds, or that is of no use to an argument: walks must not lead there."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Who wants which things, and who holds them. What a thing is, the argument says: an offer, a weighted instant.

    Seeker `seeker[i]` wants thing `thing[i]`, ascending by seeker; `holder` has one entry per thing. Whoever holds
    anything wants what it holds.
    """

    seeker: Ints
    thing: Ints
    holder: Ints


class Blocks:
    """The seekers in blocks: those who lead to one another (the strongly connected components of Tarjan 1972).

    Walks lead from block to block and never back. So whoever reaches a block reaches all of it and all that it leads
    to, and large sets can be told block by block. A refused request holds nothing, so nobody leads to it, and it is a
    block of its own.
    """

    def __init__(self, claims: Claims, rank: Ints) -> None:
        """`rank` has one entry per seeker."""
        nowhere = len(rank)
        holder = np.where(claims.holder == NOBODY, nowhere, claims.holder)
        to = holder[claims.thing].astype(np.int32)
        begin = np.searchsorted(claims.seeker, np.arange(nowhere + 2)).astype(np.int32)
        count, label = connected_components(_graph(to, begin), directed=True, connection="strong")
        self.of: Ints = label.astype(np.int64)
        """The block of each seeker; the last entry is the block that stands for NOBODY."""
        self._rank, self._count = rank, int(count)
        source, target = self.of[claims.seeker], self.of[to]
        leaves = source != target
        ways = distinct(source[leaves] * self._count + target[leaves])
        self._source, self._target = np.divmod(ways, self._count)
        self._begin = np.searchsorted(self._source, np.arange(self._count + 1))
        self._things = _Members(self.of[holder], self._count)
        self._seekers = _Members(self.of[:nowhere], self._count)

    def closed(self, seekers: Ints, rank: int) -> Ints:
        """Those of `seekers` from which no walk leads to a thing of NOBODY or to somebody of lower priority."""
        bad = np.append(self.of[:-1][self._rank > rank], self.of[-1])
        back = csr_array(
            (np.ones(len(self._source)), (self._target, self._source)), shape=(self._count + 1, self._count + 1)
        )
        start = csr_array((np.ones(len(bad)), (np.full(len(bad), self._count), bad)), shape=back.shape)
        leads_there = np.zeros(self._count + 1, dtype=np.bool_)
        leads_there[breadth_first_order(back + start, self._count, return_predecessors=False)] = True
        return seekers[~leads_there[self.of[seekers]]]

    def reached(self, seekers: Ints) -> Iterator[tuple[int, frozenset[int]]]:
        """Each of some refused requests with the blocks that it leads to, its own left out."""
        known: dict[bytes, frozenset[int]] = {}
        for seeker in seekers.tolist():
            ways = self._ways(int(self.of[seeker]))
            key = ways.tobytes()
            if key not in known:
                known[key] = self._from(ways.tolist())
            yield seeker, known[key]

    def size(self, blocks: frozenset[int]) -> int:
        """How many seekers some blocks have together."""
        return sum(self._seekers.count(block) for block in blocks)

    def seekers(self, blocks: frozenset[int]) -> Ints:
        """The seekers of some blocks, ascending."""
        return self._seekers.of(blocks)

    def things(self, blocks: frozenset[int]) -> Ints:
        """The things that the seekers of some blocks hold, ascending."""
        return self._things.of(blocks)

    def _ways(self, block: int) -> Ints:
        return self._target[self._begin[block] : self._begin[block + 1]]

    def _from(self, blocks: list[int]) -> frozenset[int]:
        met, ahead = set(blocks), list(blocks)
        while ahead:
            fresh = set(self._ways(ahead.pop()).tolist()) - met
            met |= fresh
            ahead += fresh
        return frozenset(met)


class _Members:
    """The members of blocks, found by block."""

    def __init__(self, block: Ints, count: int) -> None:
        self._order = np.argsort(block, kind="stable")
        self._begin = np.searchsorted(block[self._order], np.arange(count + 1))

    def count(self, block: int) -> int:
        return int(self._begin[block + 1] - self._begin[block])

    def of(self, blocks: frozenset[int]) -> Ints:
        parts = [self._order[self._begin[block] : self._begin[block + 1]] for block in blocks]
        return np.sort(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)


def _graph(to: NDArray[np.int32], begin: NDArray[np.int32]) -> csr_array:
    """Node `n` leads to `to[begin[n]:begin[n + 1]]`. The same way twice is made one: SciPy would never come back."""
    graph = csr_array((np.ones(len(to)), to, begin), shape=(len(begin) - 1, len(begin) - 1), copy=True)
    graph.sum_duplicates()
    return graph
