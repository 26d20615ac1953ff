"""Dividing what is queued, so that planning runs at the same time share no doctor and no patient wherever possible.

Two requests belong together when some doctor is acceptable to both or when they are of the same patient; what belongs
together, directly or through others, is a *component*. A run takes whole components, so two runs at once have nothing
to fight over. Nothing depends on it for correctness: a run that was cut badly loses hours to the other at its commit,
and the requests that lost them are queued again.
"""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

WORTHWHILE = 100
"""A run stops taking further components once it holds so many requests: enough to be worth its fixed cost (some tens
of milliseconds), few enough to leave work for other workers."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the division needs to know of a request. `doctors` are those listed; None: any, of `specialty` if given.

    `share` is the hospital for whose turn it counts (`workers.turns`).
    """

    request: UUID
    patient: UUID
    attempts: int
    doctors: tuple[UUID, ...] | None
    specialty: str | None
    share: UUID | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests a run may take, and after how many lost runs a request fails."""

    batch_size: int
    max_attempts: int

    def size_after(self, attempts: int) -> int:
        """The most requests of a run whose requests have been in `attempts` lost runs.

        It falls geometrically from `batch_size` to 1 at the last attempt. So whatever keeps sinking its runs is alone
        when it fails, and everything that only shared a run with it has been planned before.
        """
        last = self.max_attempts - 1
        if attempts <= 0 or last == 0:
            return self.batch_size
        return max(1, round(math.pow(self.batch_size, 1 - min(attempts, last) / last)))


Specialists = Mapping[str | None, Sequence[UUID]]
"""The doctors of each specialty; under None, all doctors."""


def choose(queue: Iterable[Wish], planning: Iterable[Wish], specialists: Specialists, limits: Limits) -> list[UUID]:
    """The requests for the next run: of `queue`, in its order, none that touches a doctor or patient of `planning`.

    Empty when everything queued touches what others are planning. All have been in the same number of lost runs,
    since that number bounds the size of the run.
    """
    groups = _Groups()
    seeds = [(wish, _join(groups, wish, specialists)) for wish in queue]
    busy_seeds = [_join(groups, wish, specialists) for wish in planning]
    busy = {groups.find(seed) for seed in busy_seeds}
    components: dict[Hashable, list[Wish]] = {}
    for wish, seed in seeds:
        components.setdefault(groups.find(seed), []).append(wish)

    free = [wishes for component, wishes in components.items() if component not in busy]
    if not free:
        return []
    attempts = free[0][0].attempts
    size = limits.size_after(attempts)
    chosen: list[UUID] = []
    for wishes in free:
        chosen += [wish.request for wish in wishes if wish.attempts == attempts]
        if len(chosen) >= min(WORTHWHILE, size):
            break
    return chosen[:size]


def _join(groups: "_Groups", wish: Wish, specialists: Specialists) -> Hashable:
    """Put a wish's patient and doctors into one group and name a member of it."""
    if wish.doctors is None:
        anyone = ("specialty", wish.specialty)
        if groups.is_new(anyone):
            for doctor in specialists.get(wish.specialty, ()):
                groups.unite(anyone, doctor)
        groups.unite(wish.patient, anyone)
    else:
        for doctor in wish.doctors:
            groups.unite(wish.patient, doctor)
    return wish.patient


class _Groups:
    """Disjoint sets, by union-find with path halving (Tarjan and van Leeuwen, 1984)."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def is_new(self, member: Hashable) -> bool:
        return member not in self._parent

    def find(self, member: Hashable) -> Hashable:
        parent = self._parent
        parent.setdefault(member, member)
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    def unite(self, one: Hashable, other: Hashable) -> None:
        self._parent[self.find(one)] = self.find(other)
