"""What tests of single stages need: networks of problems, and what is best for them, found in other ways."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from planner.columns import Columns, columns
from planner.goals import Weights
from planner.instants import HOUR_US
from planner.network import Network, Tariff
from planner.problem import Problem
from tests.planner import mip


@dataclass(frozen=True)
class Case:
    problem: Problem
    table: Columns
    network: Network

    @classmethod
    def of(cls, problem: Problem) -> "Case":
        table = columns(problem)
        return cls(problem, table, Network.of(table.candidates, table.moments, Weights.of(table.candidates)))

    def best_gain(self) -> int:
        """The gain of the best plan, by a mixed integer program."""
        urgent, soon, routine, moved, inconvenience = mip.best(self.problem)
        weights = self.network.weights
        booked = urgent * weights.urgent + soon * weights.soon + routine * weights.routine
        return booked - moved * weights.move - inconvenience

    def faults(self, plan) -> list[str]:
        """Which rules the plan (a mask of candidates) breaks, looking at every pair of chosen hours."""
        candidates, found = self.table.candidates, []
        chosen = np.flatnonzero(plan).tolist()
        start = self.table.moments.start[candidates.moment]
        seekers = candidates.seeker[chosen].tolist()
        if len(set(seekers)) < len(seekers):
            found.append("a seeker has two hours")
        if not set(candidates.seeker[candidates.rank == 0].tolist()) <= set(seekers):
            found.append("a movable appointment has no hour")
        for n, a in enumerate(chosen):
            for b in chosen[:n]:
                if abs(int(start[a]) - int(start[b])) < HOUR_US:
                    found += ["a doctor is in two places"] * bool(candidates.doctor[a] == candidates.doctor[b])
                    found += ["a patient is in two places"] * bool(candidates.patient[a] == candidates.patient[b])
        return found


def dense_assignment(network: Network, gain):
    """The best assignment of seekers to places, blind to crossings, from a matrix of all pairs (a mask)."""
    table = np.full((network.seekers, network.places + network.seekers), -np.inf)
    number = np.full(table.shape, -1)
    table[network.seeker, network.place] = gain
    number[network.seeker, network.place] = np.arange(len(network))
    free = np.flatnonzero(~network.must)
    table[free, network.places + free] = 0
    picked = number[linear_sum_assignment(table, maximize=True)]
    chosen = np.zeros(len(network), dtype=bool)
    chosen[picked[picked >= 0]] = True
    return chosen


def best_assignment(network: Network) -> int:
    """What the best assignment gains."""
    return network.gained(dense_assignment(network, network.gain))


def assert_covering(network: Network, tariff: Tariff) -> None:
    """The tariff proves its bound: prices that may not be negative are not, and every candidate is covered."""
    assert (tariff.seeker[~network.must] >= 0).all()
    assert (tariff.place >= 0).all()
    assert (tariff.crossing >= 0).all()
    assert tariff.crossing[network.nowhere] == 0
    assert (tariff.loss(network) >= 0).all()
