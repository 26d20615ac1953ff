"""Which request gets booked because of which extra hour, read off the plans without and with extra hours."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from planner.columns import Columns
from planner.hours import Bools, Ints
from planner.plan import AddedHour
from planner.standing import Timeline

NOBODY = -1


class Hour(Protocol):
    """An hour in which a doctor could see a patient at a hospital, if it were added."""

    @property
    def doctor(self) -> str: ...
    @property
    def hospital(self) -> str: ...
    @property
    def start(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Seats:
    """Who has which hour in a plan: the number of each seeker's candidate, or NOBODY."""

    candidate: Ints

    @classmethod
    def of(cls, table: Columns, chosen: Ints) -> Self:
        """Those of the candidates `chosen` (numbers)."""
        candidate = np.full(len(table.seekers.rank), NOBODY, dtype=np.int64)
        candidate[table.candidates.seeker[chosen]] = chosen
        return cls(candidate)

    @property
    def taken(self) -> Bools:
        """Which of the seekers have an hour."""
        has: Bools = self.candidate != NOBODY
        return has


def added_hours(
    table: Columns, hours: Sequence[Hour], hour_of: Ints, before: Seats, after: Seats
) -> tuple[AddedHour, ...]:
    """The extra hours that are used, each with a request that gets booked because of it.

    `hour_of` has for each candidate the number of its hour among `hours`, or NOBODY. Who takes an extra hour leaves
    another one to somebody, who leaves one in turn, until somebody gets an hour who had none. The requests of highest
    priority come first, then those for whom fewest are moved, then least inconvenience, then ids. An hour from which
    nobody gains is left out: everybody could go back (a plan that was not finished may have such).
    """
    users = [seeker for seeker, at in enumerate(after.candidate.tolist()) if at != NOBODY and hour_of[at] != NOBODY]
    successors = _successors(table, before, after)
    reached = {user: _reachable(user, successors) for user in users}
    new = {user: sorted(seeker for seeker in reached[user] if not before.taken[seeker]) for user in users}
    served = _one_each({user: seekers for user, seekers in new.items() if seekers})
    costs: dict[int, tuple[int, int]] = {}
    for user, request in served.items():
        costs[request] = max(costs.get(request, (0, 0)), _cost(table, reached[user], before, after))
    rank = table.seekers.rank

    def order(user: int) -> tuple[object, ...]:
        request = served[user]
        return int(rank[request]), costs[request], request, int(hour_of[after.candidate[user]])

    return tuple(
        AddedHour(hour.doctor, hour.hospital, hour.start, table.requests[served[user]].id)
        for user in sorted(served, key=order)
        for hour in (hours[int(hour_of[after.candidate[user]])],)
    )


def _successors(table: Columns, before: Seats, after: Seats) -> Mapping[int, list[int]]:
    """For each seeker those who now have, of its doctor or its patient, time of the hour that it had."""
    changed = before.candidate != after.candidate
    leaving = np.flatnonzero(changed & before.taken)
    coming = np.flatnonzero(changed & after.taken)
    old, now = table.candidates.take(before.candidate[leaving]), table.candidates.take(after.candidate[coming])
    start = table.moments.start
    found: defaultdict[int, list[int]] = defaultdict(list)
    for owner, owner_now in ((old.doctor, now.doctor), (old.patient, now.patient)):
        held = Timeline.of(owner_now, start[now.moment]).overlapping(owner, start[old.moment])
        for left, came in zip(leaving[held.hour].tolist(), coming[held.holder].tolist(), strict=True):
            found[left].append(came)
    return found


def _reachable(user: int, successors: Mapping[int, list[int]]) -> list[int]:
    """`user` and all who come after it, ascending."""
    found, waiting = {user}, [user]
    while waiting:
        following = [seeker for seeker in successors.get(waiting.pop(), ()) if seeker not in found]
        found.update(following)
        waiting += following
    return sorted(found)


def _one_each(new: Mapping[int, list[int]]) -> dict[int, int]:
    """A request for each user of an extra hour, of those that it reaches: different ones as far as possible."""
    if not new:
        return {}
    users = list(new)
    pairs = [(row, request) for row, user in enumerate(users) for request in new[user]]
    row, request = np.array(pairs, dtype=np.int64).T
    graph = csr_array((np.ones(len(pairs), dtype=np.int8), (row, request)), shape=(len(users), int(request.max()) + 1))
    matched = maximum_bipartite_matching(graph, perm_type="column").tolist()
    return {user: new[user][0] if at == NOBODY else at for user, at in zip(users, matched, strict=True)}


def _cost(table: Columns, seekers: Sequence[int], before: Seats, after: Seats) -> tuple[int, int]:
    """How many more appointments are moved, and how much more inconvenience there is, for these seekers."""
    candidates = table.candidates
    now, old = after.candidate[seekers], before.candidate[seekers]
    old = old[old != NOBODY]
    moved = int(candidates.moves[now].sum()) - int(candidates.moves[old].sum())
    return moved, int(candidates.cost[now].sum()) - int(candidates.cost[old].sum())
