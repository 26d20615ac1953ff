"""Exchanges and repair: each exchange the cheapest there is, prices that always fit, and never a clash in the end."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from planner import exchange, repair
from planner.budget import Budget
from planner.exchange import FAR, NEVER, NOBODY, Exchange, LostError, Way
from planner.problem import Problem
from planner.relaxation import relax
from tests.planner.medium import medium
from tests.planner.problems import small
from tests.planner.stages import Case, assert_covering

TIGHT = [(12, 2, 3), (20, 4, 4), (30, 5, 8), (60, 4, 20)]
"""Requests, doctors and patients of problems with many clashes."""


def problems() -> Iterator[Problem]:
    for seed in range(8):
        yield from (medium(seed, *size) for size in TIGHT)
    yield from map(small, range(60))


def started(case: Case) -> Exchange:
    """Everybody seated as the relaxation wants it, clashes and all."""
    network = case.network
    chosen, tariff = relax(network)
    return Exchange(network, np.arange(len(network)), tariff, chosen)


def seats_of(state: Exchange):
    return np.arange(len(state.seeker))


def worth(state: Exchange):
    """What each seat gains its seeker, less the prices of the crossings that it uses."""
    return state.gain - sum((state.toll[crossing] for crossing in state.crossings), np.zeros_like(state.gain))


def covered(state: Exchange) -> bool:
    """Whether the prices cover every seat that is open."""
    seats = seats_of(state)
    return bool((state.loss(seats)[~state.barred(seats)] >= 0).all())


def assert_sound(state: Exchange) -> None:
    """Everybody has a place of their own at a price that fits, free places are free, crossings are counted."""
    seekers = np.arange(len(state.seat))
    assert (state.seeker[state.seat] == seekers).all()
    assert (state.owner[state.place[state.seat]] == seekers).all()
    assert np.count_nonzero(state.owner != NOBODY) == len(seekers)
    assert not state.price[state.owner == NOBODY].any()
    assert (state.price >= 0).all()
    assert (state.toll >= 0).all()
    users = np.zeros_like(state.users)
    for crossing in state.crossings:
        np.add.at(users, crossing[state.seat], 1)
    users[state.nowhere] = 0
    assert (state.users == users).all()


def least_loss(state: Exchange, seeker: int, *, or_back: bool) -> int:
    """What it loses to seat `seeker` elsewhere, by assigning everybody anew to seats that are open or their own."""
    seats = seats_of(state)
    allowed = ~state.barred(seats)
    own, back = state.seat[seeker], or_back and allowed[state.seat[seeker]]
    allowed[state.seat] = True
    allowed[own] = back
    allowed &= state.gain > -NEVER
    table = np.full((len(state.seat), len(state.owner)), -np.inf)
    seats = seats[allowed]
    table[state.seeker[seats], state.place[seats]] = worth(state)[seats]
    try:
        rows, places = linear_sum_assignment(table, maximize=True)
    except ValueError:  # somebody who has to have an hour goes without
        return NEVER
    now = int(worth(state)[state.seat].sum() + state.loss(state.seat).sum())
    return now - int(table[rows, places].sum())


class Watched(Exchange):
    """An exchange that is looked at all the time. `searched` and `carried` count what was looked at."""

    searched = carried = 0

    def away(self, seeker: int, limit: int, *, or_back: bool = False) -> Way:
        """Where all else fits, the way is the cheapest."""
        fits = covered(self) and not np.delete(self.loss(self.seat), seeker).any()
        way = super().away(seeker, limit, or_back=or_back)
        if fits:
            Watched.searched += 1
            least = least_loss(self, seeker, or_back=or_back)
            assert way.loss == min(least, limit) or (least == NEVER and way.loss >= min(limit, NEVER // 2))
            assert bool(way.seats) == (way.loss < limit)
        return way

    def carry_out(self, way: Way):
        """The loss told is the loss there was, prices fit whoever moved, and what was covered stays so."""
        assert way.loss < NEVER // 2, "nobody who has to have an hour goes without"
        gained, excess = int(worth(self)[self.seat].sum()), self.loss(self.seat)
        was_covered = ~self.barred(seats_of(self)) & (self.loss(seats_of(self)) >= 0)
        left = super().carry_out(way)
        movers = self.seeker[list(way.seats)]
        assert gained - int(worth(self)[self.seat].sum()) == way.loss - int(excess[movers].sum())
        excess[movers] = 0
        assert (self.loss(self.seat) == excess).all()
        assert (self.loss(seats_of(self))[was_covered & ~self.barred(seats_of(self))] >= 0).all()
        assert_sound(self)
        Watched.carried += 1
        return left


def test_every_exchange_of_a_repair_is_the_cheapest_and_leaves_prices_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watched, "searched", 0)
    monkeypatch.setattr(Watched, "carried", 0)
    resolved = 0
    for problem in problems():
        network = Case.of(problem).network
        chosen, tariff = relax(network)
        state = Watched(network, np.arange(len(network)), tariff, chosen)
        assert_sound(state)
        clashes = repair.Clashes(state, Budget(60))
        if clashes.resolve():
            resolved += 1
            assert not len(state.crowded())
            assert covered(state)
            clashes.charge()
            assert not state.loss(state.seat).any()
            assert covered(state)
            assert_sound(state)
    assert resolved > 80
    assert Watched.searched > 1000
    assert Watched.carried > 200


@pytest.mark.parametrize("limit", [1, 30, 3_000, FAR])
def test_a_way_is_found_only_within_its_limit(limit: int) -> None:
    found = set()
    for seed in range(12):
        state = started(Case.of(medium(seed, 12, 3, 4)))
        for seeker in range(len(state.seat)):
            way = state.away(seeker, limit)
            least = least_loss(state, seeker, or_back=False)
            assert way.loss == min(least, limit) or least == NEVER
            assert bool(way.seats) == (way.loss < limit)
            found.add(bool(way.seats))
    assert found == ({True} if limit == FAR else {True, False})


def test_settling_for_less_than_a_way_loses_keeps_every_seat_covered() -> None:
    """Half of the price is paid: prices fit every seat but that of the one who pays, and cover the others."""
    settled = 0
    for seed in range(12):
        state = started(Case.of(medium(seed, 12, 3, 4)))
        for seeker in range(len(state.seat)):
            way = state.away(seeker, FAR)
            if 1 < way.loss < NEVER // 2:
                paid = way.loss // 2
                before = state.profit[seeker]
                state.settle(way, paid)
                loss = state.loss(seats_of(state))
                others = np.delete(state.seat, seeker)
                assert state.profit[seeker] == before - paid
                assert not loss[others].any()
                assert loss[state.seat[seeker]] == -paid
                loss[state.seat[seeker]] = 0
                assert (loss[~state.barred(seats_of(state))] >= 0).all()
                settled += 1
                break
    assert settled > 5


@pytest.mark.parametrize("longest", [0, 1, 2])
def test_a_search_that_is_given_up_leaves_everything_as_it_was(longest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "LONGEST", longest)
    lost = 0
    for seed in range(6):
        state = started(Case.of(medium(seed, 30, 5, 8)))
        for seeker in range(len(state.seat)):
            columns = ("seat", "price", "profit", "toll", "owner", "users", "_seeker_at", "_place_at", "_came_by")
            before = {name: getattr(state, name).copy() for name in columns}
            try:
                state.away(seeker, FAR)
            except LostError:
                lost += 1
            for name, column in before.items():
                assert (getattr(state, name) == column).all(), name
    assert lost


class Ending(Budget):
    """Time that runs out after it was asked for so many times."""

    def __init__(self, questions: int) -> None:
        super().__init__(60)
        self._questions = questions

    def left(self) -> float:
        self._questions -= 1
        return 60.0 if self._questions >= 0 else -1.0


AS_IT_IS: dict[str, float] = {}
LIMITS = [
    AS_IT_IS,
    {"ENOUGH": 0, "TRIES": 0},
    {"ENOUGH": 0, "TRIES": 1},
    {"RAISES": 0},
    {"RAISES": 1},
    {"NEAR": 0, "WIDER": 2},
    {"LONGEST": 1},
    {"LONGEST": 3},
]


@pytest.mark.parametrize("time", [10**6, 0, 5])
@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_repair_makes_a_plan_and_a_bound_wherever_it_gives_up(
    limits: dict[str, float], time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(exchange if name == "LONGEST" else repair, name, value)
    for problem, case, best in solved():
        network = case.network
        chosen, tariff = relax(network)
        plan, tariff = repair.repair(network, chosen, tariff, Ending(time))
        assert case.faults(plan) == [], problem
        assert_covering(network, tariff)
        assert network.gained(plan) <= best <= tariff.bound


@cache
def solved() -> list[tuple[Problem, Case, int]]:
    """Problems with the gains of their best plans."""
    given_ = [medium(seed, *size) for seed in range(3) for size in TIGHT] + [small(seed) for seed in range(40)]
    return [(problem, case, case.best_gain()) for problem in given_ for case in (Case.of(problem),)]


def test_repair_proves_most_plans_the_best() -> None:
    """Else the tests above would be content with repair that never succeeds."""
    proved = 0
    for _, case, best in solved():
        chosen, tariff = relax(case.network)
        plan, tariff = repair.repair(case.network, chosen, tariff, Budget(60))
        proved += tariff.bound == case.network.gained(plan)
        assert case.network.gained(plan) <= best <= tariff.bound
    assert proved > 0.7 * len(solved())


def test_a_plan_by_simple_means_keeps_what_it_can_of_what_is_wanted() -> None:
    for _, case, best in solved():
        network = case.network
        nothing = np.zeros(len(network), dtype=bool)
        wanted, _ = relax(network)
        for plan in (repair.plain_plan(network, nothing), repair.plain_plan(network, wanted)):
            assert case.faults(plan) == []
            assert network.gained(plan) <= best
        again = repair.plain_plan(network, plan)
        assert (again == plan).all()
