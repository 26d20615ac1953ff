"""From the best assignment to a plan: clashes at crossings resolved one by one, at the least loss, and priced."""

from collections import Counter

import numpy as np

from planner.budget import Budget
from planner.candidates import MOVABLE
from planner.exchange import FAR, NEVER, NOBODY, Exchange, LostError, Way
from planner.hours import Bools, Ints
from planner.network import Network, Tariff

NEAR = 8
"""Exchanges look at about so many candidates of each seeker at first: those that lose least."""
SAMPLE = 50_000
"""From so many candidates it is guessed how much they may lose."""
WIDER = 4
"""By this factor the look widens where an exchange lost more."""
ENOUGH, TRIES = 200, 10
"""So many exchanges, and so many more for each clash and each candidate that prices do not cover; then repair gives up,
as they may go round in circles."""
RAISES = 5
"""So often the price of a crossing is raised, then what else it is worth is left to the stages after."""


def repair(network: Network, chosen: Bools, tariff: Tariff, budget: Budget) -> tuple[Bools, Tariff]:
    """A plan near the assignment `chosen` (both masks), and a covering tariff for it, given that of the assignment.

    Of two seekers at one crossing the one for whom it loses less takes another hour, by the cheapest exchange. So the
    plan loses next to nothing against the assignment. Then crossings get prices of their own until every candidate is
    covered; where that succeeds, the plan is proved the best.
    """
    loss = tariff.loss(network)
    reach = _reach(loss, network.seekers)
    while True:
        which = np.flatnonzero((loss <= reach) | chosen)
        clashes = Clashes(Exchange(network, which, tariff, chosen), budget)
        resolved = clashes.resolve()
        if not resolved or clashes.dearest <= reach or len(which) == len(network):
            break
        reach = max(WIDER * reach, clashes.dearest)  # an exchange lost more than candidates that nobody looked at
    exchange = clashes.exchange
    plan = np.zeros(len(network), dtype=np.bool_)
    seats = exchange.candidate[exchange.seat]
    plan[seats[seats != NOBODY]] = True
    if resolved and not _clash(network, plan):  # rarely an exchange takes a place that it has not left
        clashes.charge()
    else:
        plan = plain_plan(network, plan)
    tariff = Tariff(exchange.profit, exchange.price[: network.places], exchange.toll)
    tariff.cover(network)
    return plan, tariff


def _reach(loss: Ints, seekers: int) -> int:
    """The loss up to which there are about `NEAR` candidates for each seeker."""
    sample = loss[:: max(1, len(loss) // SAMPLE)]
    return max(1, int(np.quantile(sample, min(1.0, NEAR * seekers / len(loss))))) if len(sample) else 1


class Clashes:
    """Takes clashes out of an exchange. `dearest` is the greatest loss of one step."""

    def __init__(self, exchange: Exchange, budget: Budget) -> None:
        self.exchange, self._budget = exchange, budget
        self.dearest = 0
        uncovered = np.count_nonzero(exchange.loss(np.arange(len(exchange.seeker))) < 0)
        self._left = ENOUGH + TRIES * (len(exchange.crowded()) + uncovered)

    def resolve(self) -> bool:
        """Carries out exchanges until no crossing is used twice; whether that succeeded."""
        exchange = self.exchange
        try:
            self._welcome(np.arange(len(exchange.seeker)))
            while len(crowded := exchange.crowded()):
                for crossing in crowded.tolist():
                    while exchange.users[crossing] > 1:
                        way = self._cheapest(crossing)
                        if way is None:
                            return False
                        self._carry_out(way)
        except LostError:
            return False
        return True

    def charge(self) -> None:
        """Prices crossings so that candidates barred by them are covered too, as far as their users can pay.

        A user pays for its crossing what it would lose by leaving it; where that is less than what the crossing is
        worth to somebody else, a gap between plan and bound is left.
        """
        exchange = self.exchange
        raised: Counter[int] = Counter()
        while self._budget.left() > 0:
            loss = exchange.loss(np.arange(len(exchange.seeker)))
            seats = np.flatnonzero(loss < 0)
            crossing = exchange.barring(seats)
            todo = [number for number in np.unique(crossing).tolist() if raised[number] < RAISES]
            if not todo:
                return
            for number in todo:
                worth = -int(exchange.loss(seats[crossing == number]).min())
                if worth > 0:
                    paid = self._charge(number, worth)
                    raised[number] += 1 if paid else RAISES

    def _charge(self, crossing: int, worth: int) -> bool:
        """Raises the price of the crossing by `worth`, or as far as its user pays; whether all of it was paid."""
        exchange = self.exchange
        users = exchange.using(crossing)
        if len(users) != 1:
            return False
        exchange.toll[crossing] += worth
        try:
            way = exchange.away(int(users[0]), worth)
        except LostError:
            exchange.toll[crossing] -= worth
            return False
        paid = min(worth, way.loss)
        exchange.toll[crossing] -= worth - paid
        exchange.settle(way, paid)
        return paid == worth

    def _cheapest(self, crossing: int) -> Way | None:
        """The cheapest exchange that takes one of its users off the crossing."""
        best: Way | None = None
        for user in self.exchange.using(crossing).tolist():
            way = self.exchange.away(user, FAR if best is None else best.loss)
            best = way if way.seats else best
            if best is not None and best.loss == 0:
                break
        return best

    def _carry_out(self, way: Way) -> None:
        """Carries the exchange out, and those that it makes worth while."""
        self._welcome(self.exchange.wanting(self._counted(way)))

    def _welcome(self, seats: Ints) -> None:
        """Lets seekers take those of the seats that are open to them now and not covered by the prices.

        Their profits rise until all is covered again. Then each in turn has to find a seat that fits: its own, if there
        is no better one.
        """
        exchange = self.exchange
        waiting = self._raise(seats)
        while waiting:
            seeker = waiting.pop(0)
            if exchange.loss(exchange.seat[[seeker]])[0] > 0:
                left = self._counted(exchange.away(seeker, FAR, or_back=True))
                waiting += self._raise(exchange.wanting(left))

    def _raise(self, seats: Ints) -> list[int]:
        """Raises profits until those of the seats that are open are covered; the seekers whose profit rose."""
        exchange = self.exchange
        seats = np.unique(seats)
        seats = seats[exchange.loss(seats) < 0]
        seats = seats[~exchange.barred(seats)]
        rise = np.zeros(len(exchange.profit), dtype=np.int64)
        np.maximum.at(rise, exchange.seeker[seats], -exchange.loss(seats))
        exchange.profit += rise
        return [int(seeker) for seeker in np.flatnonzero(rise)]

    def _counted(self, way: Way) -> Ints:
        """Carries the exchange out; the crossings that were left.

        Raises `LostError` where too many have been, and where somebody who has to have an hour would have none.
        """
        if self._left <= 0 or self._budget.left() <= 0 or way.loss >= NEVER // 2:
            raise LostError
        self._left -= 1
        self.dearest = max(self.dearest, way.loss)
        return self.exchange.carry_out(way)


def plain_plan(network: Network, wanted: Bools) -> Bools:
    """A plan by simple means, near the candidates `wanted` (masks; of each seeker at most one).

    Movable appointments take what is wanted for them if they all can, and stay otherwise. Then the requests, in the
    order of what they would gain, take what is wanted for them if it is free, and then those that have nothing yet the
    best that is free.
    """
    candidates, gain = network.candidates, network.gain
    chosen = wanted & network.must[network.seeker]
    if chosen.sum() != network.must.sum() or _clash(network, chosen):
        chosen = (candidates.rank == MOVABLE) & ~candidates.moves
    taken = np.zeros(network.places, dtype=np.bool_)
    crossed = np.zeros(network.nowhere + 1, dtype=np.bool_)

    def free(which: Ints) -> Ints:
        open_ = ~taken[network.place[which]] & (gain[which] > 0)
        for crossing in network.crossings:
            open_ &= ~crossed[crossing[which]]
        return which[open_]

    def take(which: Ints) -> None:
        chosen[which] = True
        taken[network.place[which]] = True
        for crossing in network.crossings:
            crossed[crossing[which]] = True
        crossed[network.nowhere] = False

    take(np.flatnonzero(chosen))
    asked = np.flatnonzero(wanted & ~network.must[network.seeker])
    for candidate in asked[np.argsort(-gain[asked], kind="stable")]:
        take(free(candidate[np.newaxis]))
    idle = ~network.must
    idle[network.seeker[chosen]] = False
    best = np.maximum.reduceat(gain, network.first[:-1]) if network.seekers else gain
    for seeker in np.argsort(-best, kind="stable")[idle[np.argsort(-best, kind="stable")]].tolist():
        open_ = free(np.arange(network.first[seeker], network.first[seeker + 1]))
        if len(open_):
            take(open_[np.argmax(gain[open_])][np.newaxis])
    return chosen


def _clash(network: Network, chosen: Bools) -> bool:
    """Whether two of the chosen candidates share a place or a crossing."""
    places = np.bincount(network.place[chosen])
    return bool((places > 1).any()) or network.clashes(chosen) > 0
