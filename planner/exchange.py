"""Exchanges: the cheapest way to give a seeker another hour, with everybody else who has to move for it."""

from dataclasses import dataclass

import numpy as np

from planner.hours import Bools, Ints, spans
from planner.network import Network, Tariff

NOBODY = -1
FAR = 2**61
"""Further than any way, and added once it still fits into 64 bits."""
NEVER = 2**59
"""What it loses a seeker who has to have an hour to have none."""
LONGEST = 2_000
"""Ways of more steps are given up: prices that do not cover everything can lead in circles."""


class LostError(Exception):
    """There is no use in going on: a search led in circles, because prices do not cover everything, or there were too
    many. Everybody sits as before.
    """


@dataclass(frozen=True, slots=True)
class Refill:
    """The cheapest use of a place that is left: somebody moves in, somebody into theirs, and so on.

    The last place left stays empty at its price. `at` are the losses at which the search left the `places`; the first
    is the place that all began with.
    """

    loss: int
    seats: tuple[int, ...]
    places: Ints
    at: Ints


@dataclass(frozen=True, slots=True)
class Way:
    """An exchange that loses `loss`: whoever the `seats` belong to moves there. No seats: no way within the limit.

    `seeker_at` and `place_at` are the losses at which the search reached `seekers` and `places`, `free_at` that of the
    nearest free place.
    """

    loss: int
    seats: tuple[int, ...]
    seekers: Ints
    seeker_at: Ints
    places: Ints
    place_at: Ints
    free_at: int
    refill: Refill


class Exchange:
    """Who has which seat, at which prices.

    A *seat* is one of the candidates `which` of the network, or a seeker's private one that means no hour. Every seeker
    has a seat, which its prices fit exactly, and nobody shares a place, but seekers may share a crossing at first. A
    seat is *barred* to a seeker while others use a crossing of it. Seats that are not barred are covered.
    """

    def __init__(self, network: Network, which: Ints, tariff: Tariff, chosen: Bools) -> None:
        seekers, count = network.seekers, len(which)
        own = np.arange(seekers)
        first = np.searchsorted(which, network.first) + np.append(own, seekers)
        private = first[1:] - 1
        listed = np.arange(count) + network.seeker[which]

        def seats(of_candidates: Ints, of_private: Ints) -> Ints:
            column = np.empty(count + seekers, dtype=np.int64)
            column[listed], column[private] = of_candidates, of_private
            return column

        self.first = first
        self.candidate = seats(which, np.full(seekers, NOBODY))
        self.seeker = seats(network.seeker[which], own)
        self.place = seats(network.place[which], network.places + own)
        self.gain = seats(network.gain[which], np.where(network.must, -NEVER, 0))
        self.crossings = tuple(seats(c[which], np.full(seekers, network.nowhere)) for c in network.crossings)
        self.nowhere = network.nowhere
        self.profit = tariff.seeker.copy()
        self.price = np.concatenate([tariff.place, np.zeros(seekers, dtype=np.int64)])
        self.toll = tariff.crossing.copy()
        self.seat = private.copy()
        sitting = listed[chosen[which]]
        self.seat[self.seeker[sitting]] = sitting
        self.owner = np.full(network.places + seekers, NOBODY, dtype=np.int64)
        self.owner[self.place[self.seat]] = own
        self.users = np.zeros(network.nowhere + 1, dtype=np.int64)
        self._count_users(self.seat, 1)
        self._wanting = _Index(self.place, len(self.owner))
        self._crossing = [_Index(crossing, network.nowhere + 1) for crossing in self.crossings]
        self._seeker_at = np.full(seekers, FAR, dtype=np.int64)
        self._place_at = np.full(len(self.owner), FAR, dtype=np.int64)
        self._came_by = np.full(len(self.owner), NOBODY, dtype=np.int64)

    def loss(self, seats: Ints) -> Ints:
        """What each of the seats loses its seeker against what the seeker has."""
        loss: Ints = self.profit[self.seeker[seats]] + self.price[self.place[seats]] - self.gain[seats]
        for crossing in self.crossings:
            loss += self.toll[crossing[seats]]
        return loss

    def barring(self, seats: Ints) -> Ints:
        """For each of the seats a crossing of it that somebody else uses; `nowhere` for a seat that is open."""
        barring = np.full(len(seats), self.nowhere, dtype=np.int64)
        now = self.seat[self.seeker[seats]]
        for crossing in self.crossings:
            used = crossing[seats]
            mine = np.zeros(len(seats), dtype=np.bool_)
            for other in self.crossings:
                mine |= other[now] == used
            barring = np.where(self.users[used] > mine, used, barring)
        return barring

    def barred(self, seats: Ints) -> Bools:
        """Which of the seats use a crossing that somebody else uses."""
        return np.asarray(self.barring(seats) != self.nowhere)

    def crowded(self) -> Ints:
        """The crossings that several use."""
        return np.flatnonzero(self.users > 1)

    def using(self, crossing: int) -> Ints:
        """The seekers whose seats use the crossing, ascending."""
        return np.unique(np.concatenate([np.flatnonzero(c[self.seat] == crossing) for c in self.crossings]))

    def wanting(self, crossings: Ints) -> Ints:
        """The seats that use one of the crossings."""
        return np.concatenate([index.of(crossings) for index in self._crossing])

    def away(self, seeker: int, limit: int, *, or_back: bool = False) -> Way:
        """The cheapest way to another seat for `seeker`, if it loses less than `limit`; `or_back`: or to its own.

        Label correcting over whole frontiers (Bellman 1958) along alternating paths: who takes a place sends its owner
        on, until somebody takes a free place, and the place that the seeker left is refilled or stays empty; or until
        somebody takes the very place that the seeker left. Raises `LostError`.
        """
        left = int(self.place[self.seat[seeker]])
        refill = self._refill(left, limit)
        best, free, free_at = limit, NOBODY, FAR
        self._seeker_at[seeker] = 0
        sent, places = np.array([seeker]), [np.zeros(0, dtype=np.int64)]
        seekers = [sent]
        try:
            for _ in range(LONGEST):
                reached = self._onward(sent, best, NOBODY if or_back else int(self.seat[seeker]))
                places.append(reached)
                vacant = reached[self.owner[reached] == NOBODY]
                if len(vacant) and self._place_at[vacant].min() < free_at:
                    free = int(vacant[np.argmin(self._place_at[vacant])])
                    free_at = int(self._place_at[free])
                best = min(best, int(self._place_at[left]), free_at + refill.loss)
                taken = reached[(self.owner[reached] != NOBODY) & (reached != left)]
                taken = taken[self._place_at[taken] < best]
                sent = self.owner[taken]
                self._seeker_at[sent] = self._place_at[taken]
                seekers.append(sent)
                if not len(sent):
                    break
            else:
                raise LostError
            seats: tuple[int, ...] = ()
            if self._place_at[left] <= best < limit:
                seats = self._trace(left, seeker)
            elif best < limit:
                seats = (*self._trace(free, seeker), *refill.seats)
            met, passed = np.unique(np.concatenate(seekers)), np.unique(np.concatenate(places))
            return Way(best, seats, met, self._seeker_at[met], passed, self._place_at[passed], free_at, refill)
        finally:
            self._seeker_at[np.concatenate(seekers)] = FAR
            self._forget(np.concatenate(places))

    def settle(self, way: Way, paid: int) -> None:
        """Adjusts the prices as if the seeker for whom `way` was searched paid up to `paid` for its seat: what the
        search reached at a smaller loss becomes dearer, or poorer, by the difference. What was covered stays so.
        """
        forth = min(way.free_at, paid)
        self.profit[way.seekers] -= forth - np.minimum(way.seeker_at, forth)
        self.price[way.places] += forth - np.minimum(way.place_at, forth)
        back = paid - forth
        if back > 0:
            saved = back - np.minimum(way.refill.at, back)
            self.price[way.refill.places] -= saved
            self.profit[self.owner[way.refill.places[1:]]] += saved[1:]

    def carry_out(self, way: Way) -> Ints:
        """Seats everybody anew, at prices that fit. The crossings that were left."""
        self.settle(way, way.loss)
        seats = np.array(way.seats, dtype=np.int64)
        movers = self.seeker[seats]
        before = self.seat[movers]
        self.owner[self.place[before]] = NOBODY
        self.seat[movers] = seats
        self.owner[self.place[seats]] = movers
        self._count_users(before, -1)
        self._count_users(seats, 1)
        return np.unique(np.concatenate([crossing[before] for crossing in self.crossings]))

    def _count_users(self, seats: Ints, by: int) -> None:
        for crossing in self.crossings:
            np.add.at(self.users, crossing[seats], by)
        self.users[self.nowhere] = 0

    def _onward(self, sent: Ints, best: int, without: int) -> Ints:
        """The places that the seekers `sent` on reach nearer than anybody did and than `best`; seat `without` aside."""
        seats = spans(self.first[sent], self.first[sent + 1])
        at = self._seeker_at[self.seeker[seats]] + self.loss(seats)
        nearer = (at < self._place_at[self.place[seats]]) & (at < best) & (seats != without)
        seats, at = seats[nearer], at[nearer]
        open_ = ~self.barred(seats)
        return self._reach(self.place[seats[open_]], at[open_], seats[open_])

    def _refill(self, left: int, limit: int) -> Refill:
        """The cheapest use of the place `left`, as far as that loses less than `limit` and its price."""
        best, end = min(int(self.price[left]), limit), left
        self._place_at[left] = 0
        vacated = np.array([left])
        places = [vacated]
        try:
            for _ in range(LONGEST):
                if not len(vacated) or best <= 0:
                    break
                seats = self._wanting.of(vacated)
                at = self._place_at[self.place[seats]] + self.loss(seats)
                leaves = self.place[self.seat[self.seeker[seats]]]
                nearer = (at < self._place_at[leaves]) & (at < best) & ~self.barred(seats)
                reached = self._reach(leaves[nearer], at[nearer], seats[nearer])
                places.append(reached)
                total = self._place_at[reached] + self.price[reached]
                if len(reached) and total.min() < best:
                    best, end = int(total.min()), int(reached[np.argmin(total)])
                vacated = reached[self._place_at[reached] < best]
            else:
                raise LostError
            seats_: list[int] = []
            while end != left:
                if len(seats_) > LONGEST:
                    raise LostError
                seats_.append(int(self._came_by[end]))
                end = int(self.place[seats_[-1]])
            passed = np.concatenate([places[0], np.setdiff1d(np.concatenate(places), places[0])])
            return Refill(best, tuple(seats_), passed, self._place_at[passed])
        finally:
            self._forget(np.concatenate(places))

    def _reach(self, places: Ints, at: Ints, seats: Ints) -> Ints:
        """Notes the least loss at which each of the places is reached, and by which seat. The places, each once."""
        order = np.argsort(-at, kind="stable")  # of equal places the last one stays
        places, seats = places[order], seats[order]
        self._place_at[places] = at[order]
        self._came_by[places] = seats
        return np.asarray(places[self._came_by[places] == seats])

    def _forget(self, places: Ints) -> None:
        self._place_at[places] = FAR
        self._came_by[places] = NOBODY

    def _trace(self, place: int, seeker: int) -> tuple[int, ...]:
        """The seats on the way by which `seeker` sent others on to `place`."""
        seats: list[int] = []
        while len(seats) <= LONGEST:
            seats.append(int(self._came_by[place]))
            mover = int(self.seeker[seats[-1]])
            if mover == seeker:
                return tuple(seats)
            place = int(self.place[self.seat[mover]])
        raise LostError


class _Index:
    """The positions at which each number stands in a column."""

    def __init__(self, column: Ints, numbers: int) -> None:
        self._order = np.argsort(column, kind="stable")
        self._begin = np.zeros(numbers + 1, dtype=np.int64)
        np.cumsum(np.bincount(column, minlength=numbers), out=self._begin[1:])

    def of(self, numbers: Ints) -> Ints:
        """The positions of the numbers, number by number."""
        return np.asarray(self._order[spans(self._begin[numbers], self._begin[numbers + 1])])
