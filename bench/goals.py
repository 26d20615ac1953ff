"""What a plan achieves, and all goals as one number per candidate, for whoever maximises a sum."""

import numpy as np

from bench.results import Reached
from planner.candidates import MOVABLE, RANK
from planner.columns import Columns
from planner.hours import Bools, Ints
from planner.plan import Objective
from planner.problem import Priority

PRIORITIES = (Priority.URGENT, Priority.SOON, Priority.ROUTINE)
RANKS = tuple(RANK[priority] for priority in PRIORITIES)


def told(objective: Objective) -> Reached:
    """A plan's objective in plain numbers."""
    return Reached(tuple(objective.booked[p] for p in PRIORITIES), objective.moved, objective.inconvenience)


def reached(table: Columns, chosen: Bools) -> Reached:
    """What the chosen candidates (a mask) achieve."""
    picked = table.candidates.take(chosen)
    booked = tuple(int((picked.rank == rank).sum()) for rank in RANKS)
    return Reached(booked, int(picked.moves.sum()), int(picked.cost.sum()))


def strict_gain(table: Columns, urgent_below: int) -> Ints:
    """Weights under which no lower goal buys a higher one, or `class_gain` where they would reach `urgent_below`.

    Each weight is one unit more than all that the lower goals can add up to.
    """
    candidates = table.candidates
    count = np.bincount(table.seekers.rank, minlength=len(RANKS) + 1).tolist()
    urgent, soon, routine = RANKS
    move = _inconvenience(table) + 1
    weight = {MOVABLE: 0, routine: move * (count[MOVABLE] + 1)}
    weight[soon] = weight[routine] * (count[routine] + 1)
    weight[urgent] = weight[soon] * (count[soon] + 1)
    if weight[urgent] >= urgent_below:
        return class_gain(table)
    of_rank = np.array([weight[rank] for rank in range(len(RANKS) + 1)], dtype=np.int64)
    return of_rank[candidates.rank] - move * candidates.moves - candidates.cost


def class_gain(table: Columns) -> Ints:
    """The smallest weights that are right for an assignment: priorities are one step apart.

    A step is all inconvenience and all moves together and one unit more; movable appointments gain 4 steps, urgent
    requests 3, soon 2, routine 1. That is enough because the sets of seekers that can have hours together are the
    independent sets of a matroid: a best matching serves the most urgent requests, of those matchings the most soon.
    Where the patient rule counts too this need not be so.
    """
    candidates = table.candidates
    move = _inconvenience(table) + 1
    step = move * (int((table.seekers.rank == MOVABLE).sum()) + 1)
    steps = np.zeros(len(RANKS) + 1, dtype=np.int64)
    steps[[MOVABLE, *RANKS]] = 4, 3, 2, 1
    return step * steps[candidates.rank] - move * candidates.moves - candidates.cost


def _inconvenience(table: Columns) -> int:
    """The sum of the largest inconvenience of each seeker: no plan has more."""
    dearest = np.zeros(len(table.seekers.rank), dtype=np.int64)
    np.maximum.at(dearest, table.candidates.seeker, table.candidates.cost)
    return int(dearest.sum())
