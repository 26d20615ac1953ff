"""Why no plan books an `outcompeted` request beside the winners: arguments that anyone can check by counting.

The argument is Hall's (1935): a set of requests that together accept fewer offers than they are. It is found the way
Kuhn (1955) finds that a matching cannot grow: walk from the refused request to the offers it accepts, from those to the
requests that have them, and so on; if the walk never meets a free offer, the requests met are one more than the offers.
Every request met could give its place to the refused one, so none of them can be left out: the set is minimal.

Where the walk meets a free offer, one that the rule on patients or on overlapping hours forbids to use, instants of
patients and doctors are counted instead of offers, with weights: first those that the prices of the whole plan imply,
then those of a linear program (see `planner.weighing`).
"""

from collections.abc import Mapping

import numpy as np

from planner.budget import Budget
from planner.candidates import ROUTINE, SOON, URGENT, Candidates
from planner.columns import Columns
from planner.dual_weights import LARGEST, in_the_way, weights_by_program
from planner.hours import Bools, Ints, spans
from planner.offers import Offers
from planner.parts import Share, shared_whole, shares
from planner.problem import Problem
from planner.proof import Prices
from planner.telling import Certificate, Teller
from planner.walks import Blocks
from planner.weighing import Weighing, Weighted, in_class_weights

NOTHING = np.zeros(0, dtype=np.int64)
MULTIPLES = (1, 2, 3, 4)
"""Prices of the whole plan are read as halves, thirds and quarters of what a booking gains."""


class Certificates:
    """Finds the certificates of a plan's refused requests.

    `optimal`: whether the plan is proved the best. If not, a refused request might have been bookable, and a
    certificate can be "unproved". `prices` are those of the whole plan, if there are any.
    """

    def __init__(
        self, problem: Problem, columns: Columns, plan: Bools, *, prices: Prices | None, optimal: bool, budget: Budget
    ) -> None:
        self._columns, self._plan, self._optimal, self._budget = columns, plan, optimal, budget
        self._prices, self._teller = prices, Teller(problem, columns)
        self._rank = columns.seekers.rank

    def of(self, refused: Ints) -> dict[int, Certificate]:
        """A certificate for each of the refused requests (numbers, ascending), of the simplest kind that is found."""
        found = self._by_offers(refused)
        for rank in (URGENT, SOON, ROUTINE):
            left = _without(refused[self._rank[refused] == rank], found)
            if self._prices is not None:
                for multiple in MULTIPLES:
                    if len(left):
                        found |= self._by_weights(left, in_class_weights(self._prices, rank, multiple), *self._of(rank))
                        left = _without(left, found)
            if len(left):
                found |= self._by_program(left, rank)
        return found

    def _by_offers(self, refused: Ints) -> dict[int, Certificate]:
        """Requests and all the offers they accept, one fewer; as instants, where movable appointments are met."""
        offers = Offers.of(self._columns, self._plan)
        blocks = Blocks(offers.claims, self._rank)
        movable = frozenset(blocks.of[len(self._columns.requests) : -1].tolist())
        counted: dict[int, frozenset[int]] = {}
        found: dict[int, Certificate] = {}
        for rank in (URGENT, SOON, ROUTINE):
            needed = dict(blocks.reached(blocks.closed(refused[self._rank[refused] == rank], rank)))
            counted |= {request: wants for request, wants in needed.items() if movable.isdisjoint(wants)}
            found |= self._told({r: w for r, w in needed.items() if r not in counted}, blocks, offers.as_instants())
        ranks = dict(zip(counted, self._rank[list(counted)].tolist(), strict=True)) if counted else {}
        for request, share in shares(counted, blocks, ranks).items():
            members = _members(request, share, blocks)
            found[request] = self._teller.by_offers(members, offers, blocks.things(share.blocks), share.named)
        return found

    def _by_weights(
        self, refused: Ints, weighted: Weighted, candidates: Candidates, plan: Bools
    ) -> dict[int, Certificate]:
        """Those of the refused requests whose refusal the weights prove: it leads only to seekers who come out even."""
        weighing = Weighing(candidates, self._columns.moments, weighted)
        refused = refused[weighing.needs_of(refused) > 0]
        if not len(refused):
            return {}
        blocks = Blocks(weighing.claims(plan), self._rank)
        needed = dict(blocks.reached(blocks.closed(refused, ROUTINE)))
        return self._told(needed, blocks, weighted)

    def _told(self, needed: Mapping[int, frozenset[int]], blocks: Blocks, weighted: Weighted) -> dict[int, Certificate]:
        """Requests with the blocks that they need, told by the instants that those hold: the things of `blocks`."""
        found: dict[int, Certificate] = {}
        for request, share in shared_whole(needed, blocks).items():
            rule = found[share.named[0]]["rule"] if share.named else None
            instants = weighted.take(blocks.things(share.blocks))
            found[request] = self._teller.by_instants(_members(request, share, blocks), instants, share.named, rule)
        return found

    def _by_program(self, refused: Ints, rank: int) -> dict[int, Certificate]:
        """What a linear program proves: of all these requests together, then of one after the other; or just names."""
        candidates, plan = self._of(rank)
        blocks = Blocks(in_the_way(candidates, self._columns.moments, plan), self._rank)
        needed = dict(blocks.reached(refused))
        found: dict[int, Certificate] = {}
        everybody = _rows(candidates, np.union1d(refused, blocks.seekers(frozenset[int]().union(*needed.values()))))
        together, chosen = candidates.take(everybody), plan[everybody]
        for weighted in weights_by_program(together, self._columns.moments, self._budget):
            found |= self._by_weights(_without(refused, found), weighted, together, chosen)
            if len(found) == len(refused):
                return found
        few = {wants: len(_rows(together, blocks.seekers(wants))) <= LARGEST for wants in set(needed.values())}
        for request, wants in needed.items():
            if request not in found and few[wants] and self._budget.left() > 0:
                mine = _rows(together, np.union1d(blocks.seekers(wants), request))
                found |= self._by_sum(request, _without(refused, found), together.take(mine), together)
        left = {request: wants for request, wants in needed.items() if request not in found}
        return found | self._by_name(left, blocks)

    def _by_sum(self, request: int, refused: Ints, mine: Candidates, together: Candidates) -> dict[int, Certificate]:
        """A proof that the request and those in its way need more than there is, and whom else it proves.

        Others may take the request's place in it, if they need as much.
        """
        moments = self._columns.moments
        for weighted in weights_by_program(mine, moments, self._budget):
            weighing = Weighing(mine, moments, weighted)
            missing = int(weighing.needs.sum()) - weighted.total
            if missing <= 0:
                continue
            members = weighing.seekers[weighing.needs > 0]
            least = int(weighing.needs_of(np.array([request]))[0]) - missing
            rivals = together.take(_rows(together, np.setdiff1d(refused, members)))
            others = Weighing(rivals, moments, weighted)
            told = self._teller.by_instants(members, weighted)
            alike = {
                other: self._teller.by_instants(np.array([other]), weighted.take(NOTHING), (request,), told["rule"])
                for other in others.seekers[others.needs > least].tolist()
            }
            return {request: told} | alike
        return {}

    def _by_name(self, needed: Mapping[int, frozenset[int]], blocks: Blocks) -> dict[int, Certificate]:
        """No argument: who stands in whose way, to be tried; and where time ran out before, not even that."""
        if not self._optimal:
            return {request: self._teller.by_name("unproved", np.array([request])) for request in needed}
        found: dict[int, Certificate] = {}
        for request, share in shared_whole(needed, blocks).items():
            found[request] = self._teller.by_name("search", _members(request, share, blocks), share.named)
        return found

    def _of(self, rank: int) -> tuple[Candidates, Bools]:
        """The candidates of seekers of `rank` or higher, and the plan among them."""
        which = self._columns.candidates.rank <= rank
        if which.all():
            return self._columns.candidates, self._plan
        return self._columns.candidates.take(which), self._plan[which]


def _members(request: int, share: Share, blocks: Blocks) -> Ints:
    """The request and the seekers of the blocks that it tells itself, ascending."""
    return np.union1d(blocks.seekers(share.blocks), request) if share.blocks else np.array([request])


def _rows(candidates: Candidates, seekers: Ints) -> Ints:
    """Where the candidates of some seekers are; both ascend."""
    first, last = (np.searchsorted(candidates.seeker, seekers, side=side) for side in ("left", "right"))
    return spans(first, last)


def _without(requests: Ints, found: Mapping[int, Certificate]) -> Ints:
    return requests[[request not in found for request in requests.tolist()]]
