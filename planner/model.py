"""The CP-SAT model, which decides every plan: a boolean per candidate, a constraint per row of every rule."""

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model
from ortools.sat.python.cp_model_helper import IntegerVariableProto

from planner.budget import Budget
from planner.hours import Bools, Ints
from planner.network import Network, Tariff

LEAST_SECONDS = 0.05
"""What CP-SAT gets even when the time is over, so that it can confirm what is proved already."""


@dataclass(frozen=True, slots=True)
class Solver:
    """How CP-SAT runs: its seed, and how many parts of a problem it solves at a time, each on a thread of its own."""

    seed: int = 0
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Decision:
    """The chosen candidates (numbers, ascending), what the hint lost and the least that a choice can lose as far as it
    is proved, in `unit`-ths.
    """

    chosen: Ints
    hint_loss: int
    least_loss: int


class SolverRefusedError(RuntimeError):
    """CP-SAT calls the model invalid or without solution: a defect of the planner, since the hint is a solution."""

    def __init__(self, status: str) -> None:
        super().__init__(f"CP-SAT answered {status} to a model that has a solution")
        self.status = status


def decide(network: Network, tariff: Tariff, which: Ints, hint: Bools, seed: int, budget: Budget) -> Decision:
    """The best choice among the candidates `which`, starting from `hint`, a mask of them that obeys every rule.

    The gain of a choice is the bound less what it loses: the losses of its candidates and the prices of the rows that
    it leaves unused. So the model minimises losses, small numbers where gains are large ones. A row that is dearer than
    all that the hint loses has to be used. Gains are whole hours: a hint that loses less than one is the best, and
    CP-SAT confirms it at once. What prepares a search takes longer then, and presolve can lose the hint: so it is off.
    """
    model = _Model(network, tariff, which, hint)
    cp = cp_model.CpSolver()
    searches = model.hint_loss >= tariff.unit
    cp.parameters.random_seed = seed
    cp.parameters.num_workers = 1
    cp.parameters.max_time_in_seconds = max(budget.left(), LEAST_SECONDS)
    if searches:
        # All rows in the linear relaxation: a gap that prices leave is a matter of fractions, which this closes in a
        # second where the default takes minutes.
        cp.parameters.linearization_level = 2
    else:
        cp.parameters.cp_model_presolve = False
        cp.parameters.linearization_level = 0
        cp.parameters.symmetry_level = 0
    status = cp.solve(model.model)
    if status == cp_model.UNKNOWN:
        return Decision(which[hint], model.hint_loss, model.floor)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise SolverRefusedError(cp.status_name(status))
    chosen = np.array(cp.response_proto.solution, dtype=np.bool_)[: len(which)]
    loss = model.loss_of(chosen)
    proved = loss if status == cp_model.OPTIMAL else int(np.ceil(cp.best_objective_bound - 0.5))
    return Decision(which[chosen], model.hint_loss, max(model.floor, proved))


class _Model:
    """The model of `decide`. Whole columns are appended to its protocol buffer, ten times as fast as by expressions."""

    def __init__(self, network: Network, tariff: Tariff, which: Ints, hint: Bools) -> None:
        row, candidate = network.uses(which)
        order = np.argsort(row, kind="stable")
        rows, begin = np.unique(row[order], return_index=True)
        self._row_of = np.searchsorted(rows, row)
        self._candidate, self._price = candidate, tariff.of_rows[rows]
        self._loss = tariff.loss(network, which)
        self.hint_loss = self.loss_of(hint)
        self.floor = self.hint_loss % tariff.unit
        needed = network.needed[rows] | (self._price > self.hint_loss)
        payable = np.flatnonzero(~needed & (self._price > 0))  # rows that may be left unused, for their price
        idle = np.full(len(rows), -1)
        idle[payable] = len(which) + np.arange(len(payable))
        unused = np.bincount(self._row_of[hint[candidate]], minlength=len(rows)) == 0

        self.model = cp_model.CpModel()
        proto = self.model.proto
        boolean = IntegerVariableProto()
        boolean.domain.extend([0, 1])
        count = len(which) + len(payable)
        proto.variables.extend([boolean] * count)
        self._constrain(
            candidate[order].tolist(), np.append(begin, len(order)).tolist(), idle.tolist(), needed.tolist()
        )
        proto.solution_hint.vars.extend(range(count))
        proto.solution_hint.values.extend([*hint.astype(np.int64).tolist(), *unused[payable].astype(np.int64).tolist()])
        costs = np.concatenate([self._loss, self._price[payable]])
        if costs.any():
            proto.objective.vars.extend(range(count))
            proto.objective.coeffs.extend(costs.tolist())
            # The proved bound belongs in the objective's domain: as a constraint it slows the search.
            proto.objective.domain.extend([self.floor, self.hint_loss])

    def _constrain(self, members: list[int], begin: list[int], idle: list[int], needed: list[bool]) -> None:
        """A constraint per row `r`: its literals are `members[begin[r] : begin[r + 1]]` and `idle[r]` (-1: none)."""
        constraints = self.model.proto.constraints
        for row, (variable, exactly) in enumerate(zip(idle, needed, strict=True)):
            literals = members[begin[row] : begin[row + 1]]
            if variable >= 0:
                constraints.add().exactly_one.literals.extend([*literals, variable])
            elif exactly:
                constraints.add().exactly_one.literals.extend(literals)
            elif len(literals) > 1:
                constraints.add().at_most_one.literals.extend(literals)

    def loss_of(self, chosen: Bools) -> int:
        """What the chosen candidates (a mask) lose, with the prices of the rows that they leave unused."""
        used = np.bincount(self._row_of[chosen[self._candidate]], minlength=len(self._price)) > 0
        return int(self._loss[chosen].sum()) + int(self._price[~used].sum())
