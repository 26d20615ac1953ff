"""The relaxation: as good as a dense assignment, with the least prices that prove it, however it goes about it."""

from dataclasses import replace

import numpy as np
import pytest

from planner import relaxation
from planner.candidates import ROUTINE, SOON, URGENT
from planner.network import Network, Tariff
from planner.problem import Problem
from planner.relaxation import relax
from tests.planner.medium import medium
from tests.planner.problems import small
from tests.planner.stages import Case, assert_covering, best_assignment, dense_assignment

Constants = dict[str, float]
WHOLE: Constants = {}
FEW_FIRST: Constants = {"FEW": 0, "BEGIN_WITH": 3, "UNCOVERED": 0}
FLOW: Constants = {"LARGE": 0}
WAYS = [WHOLE, FEW_FIRST, FLOW, FEW_FIRST | FLOW, {"FEW": 0, "DEAREST": 5, "BEGIN_WITH": 2, "UNCOVERED": 0}]


@pytest.fixture(params=WAYS, ids=lambda constants: ", ".join(constants) or "as it is")
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small problems made to be solved in the ways of large ones."""
    for name, value in request.param.items():
        monkeypatch.setattr(relaxation, name, value)


def networks() -> list[Network]:
    """Loose and overloaded ones, with and without movable appointments; hours of one doctor that overlap in part."""
    problems = [medium(seed, requests) for seed in range(4) for requests in (15, 60, 150)]
    problems += [loose(seed) for seed in range(4)]
    return [Case.of(problem).network for problem in (*problems, *map(small, range(40)))]


def loose(seed: int) -> Problem:
    """Everybody can be assigned, and a few of the best hours of each suffice for that."""
    return medium(seed, requests=40, windows=(30, 60, 70))


def assert_fitting(network: Network, chosen, tariff: Tariff) -> None:
    """Nobody and nothing is chosen twice, whoever must has an hour, prices fit what is chosen; the rest is free."""
    seekers, places = network.seeker[chosen], network.place[chosen]
    assert len(set(seekers.tolist())) == len(seekers) == len(set(places.tolist()))
    assert set(np.flatnonzero(network.must).tolist()) <= set(seekers.tolist())
    assert not tariff.loss(network)[chosen].any()
    assert not np.delete(tariff.seeker, seekers).any()
    assert not np.delete(tariff.place, places).any()
    assert (tariff.place >= 0).all()
    assert not tariff.crossing.any()


@pytest.mark.usefixtures("way")
def test_the_assignment_is_the_best_and_its_prices_prove_it() -> None:
    for network in networks():
        chosen, tariff = relax(network)
        assert network.gained(chosen) == best_assignment(network)
        assert_fitting(network, chosen, tariff)
        assert_covering(network, tariff)
        assert tariff.bound == network.gained(chosen)


def test_prices_are_the_least_that_prove_it() -> None:
    """A place costs what the assignment would gain more if there were another place like it."""
    network = Case.of(medium(3, requests=12, doctors=3)).network
    _, tariff = relax(network)
    best = best_assignment(network)
    for place in range(network.places):
        twin = network.place == place
        seeker, gain = (np.append(column, column[twin]) for column in (network.seeker, network.gain))
        places = np.append(network.place, np.full(twin.sum(), network.places))
        more = replace(network, seeker=seeker, gain=gain, place=places, place_doctor=np.append(network.place_doctor, 0))
        assert best_assignment(more) - best == tariff.place[place]


def test_a_few_candidates_may_stay_uncovered_but_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaxation, "FEW", 0)
    monkeypatch.setattr(relaxation, "BEGIN_WITH", 2)
    uncovered = 0
    for seed in range(8):
        network = Case.of(medium(seed, 30)).network
        chosen, tariff = relax(network)
        assert_fitting(network, chosen, tariff)
        short = tariff.loss(network) < 0
        assert short.sum() <= relaxation.UNCOVERED * network.seekers
        best = dense_assignment(network, np.where(short, -np.inf, network.gain))
        assert network.gained(best) == network.gained(chosen)
        uncovered += int(short.sum())
    assert uncovered, "else the test shows nothing"


def test_large_problems_go_by_flow_and_columns_join_only_where_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    by_flow = relaxation._by_flow

    def counted(network, which, cost, most):
        sizes.append(len(which))
        return by_flow(network, which, cost, most)

    for name, value in (FEW_FIRST | FLOW).items():
        monkeypatch.setattr(relaxation, name, value)
    monkeypatch.setattr(relaxation, "_by_flow", counted)
    network = Case.of(loose(0)).network
    relax(network)
    assert len(sizes) > 1
    assert sizes == sorted(sizes)
    assert sizes[-1] < len(network)


def test_a_flow_that_gives_up_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaxation, "LARGE", 0)
    monkeypatch.setattr(relaxation, "_by_flow", lambda *_: None)
    network = Case.of(medium(3, 60)).network
    chosen, _ = relax(network)
    assert network.gained(chosen) == best_assignment(network)


@pytest.mark.parametrize("seed", range(12))
def test_priorities_a_step_apart_book_as_many_of_each_as_priorities_that_outweigh_all(seed: int) -> None:
    """The sets that can be booked together are a matroid's: how far apart the weights are does not matter."""
    network = Case.of(medium(seed, requests=150, doctors=4)).network
    close = relaxation._value(network)
    kinds = [network.candidates.rank == rank for rank in (URGENT, SOON, ROUTINE)]

    def counts(gain) -> list[int]:
        chosen = dense_assignment(network, gain)
        return [int((kind & chosen).sum()) for kind in kinds]

    assert counts(close) == counts(network.gain)
    assert sum(counts(close)) < int((~network.must).sum()), "some are refused, else the test shows nothing"
    assert int(network.gain.max()) > 50 * int(close.max()), "and the weights are far from alike"
