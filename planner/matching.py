"""How many can have an hour at once, blind to hours that exclude each other but for the place."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from planner.candidates import Candidates
from planner.hours import Bools, Ints, Moments
from planner.rules import numbered
from planner.walks import NOBODY


class Matching(NamedTuple):
    """As many seekers of some candidates as can be, each with a place of its own.

    `seekers` have any candidate, and `matched` of them have a place; `chosen` are the candidates (a mask) of these.
    """

    seekers: int
    matched: int
    chosen: Bools


def matching(candidates: Candidates, moments: Moments) -> Matching:
    """Match seekers with doctors' moments by Hopcroft and Karp's algorithm (1973)."""
    seeker, place = _numbers(candidates.seeker), _numbers(moments.key(candidates.doctor, candidates.moment))
    shape = (int(seeker.max(initial=-1)) + 1, int(place.max(initial=-1)) + 1)
    graph = csr_array((np.ones(len(candidates), dtype=np.int8), (seeker, place)), shape=shape)
    given = maximum_bipartite_matching(graph, perm_type="column")
    return Matching(shape[0], int(np.count_nonzero(given != NOBODY)), np.asarray(place == given[seeker]))


def _numbers(keys: Ints) -> Ints:
    return numbered(keys)[1].astype(np.int32)
