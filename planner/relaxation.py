"""The relaxation: the best assignment of seekers to places, blind to crossings, and the prices that prove it."""

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow
from scipy.sparse import csr_array, hstack
from scipy.sparse.csgraph import maximum_bipartite_matching, min_weight_full_bipartite_matching

from planner.hours import Bools, Ints, spans
from planner.network import Network, Tariff

FEW = 150_000
"""Up to so many candidates are assigned at once."""
BEGIN_WITH = 15
"""Beyond, the assignment begins with so many of the best candidates of each seeker."""
DEAREST = 2_048
"""Candidates that cost a seeker so many hours or more count as equally dear there."""
UNCOVERED = 0.1
"""If the prices leave more candidates uncovered than this share of the seekers, they join and all is assigned anew."""
LARGE = 500_000_000
"""Beyond so many pairs of a seeker and a place a flow is faster than rows and columns."""
PAIR_SECONDS, CANDIDATE_SECONDS = 1e-8, 2e-7
"""About what an assignment takes, for each pair of a seeker and a place, and for each candidate."""
NOBODY = -1


def expected_seconds(network: Network) -> float:
    """About how long `relax` takes, rather more; it cannot be interrupted."""
    return PAIR_SECONDS * network.seekers * network.places + CANDIDATE_SECONDS * len(network)


def relax(network: Network) -> tuple[Bools, Tariff]:
    """The best assignment (a mask of candidates), and its prices.

    The prices fit the chosen candidates exactly and cover the others but a few; free places have none. Where they cover
    all, the assignment is the best there is (Egerváry 1931), and its gain bounds every plan's.

    Beginning with a few candidates of each seeker and pricing the others (column generation: Gilmore and Gomory 1961)
    makes most of the work independent of how many hours a request accepts.
    """
    value = _value(network)
    active = _begin_with(network)
    while True:
        which = np.flatnonzero(active)
        chosen = which[_assign(network, which, value[which])]
        tariff = _prices(network, which, chosen)
        uncovered = tariff.loss(network) < 0
        if np.count_nonzero(uncovered) <= UNCOVERED * network.seekers:
            mask = np.zeros(len(network), dtype=np.bool_)
            mask[chosen] = True
            return mask, tariff
        active |= uncovered


def _value(network: Network) -> Ints:
    """Gains small enough for floating point, under which the same assignments are best as under `network.gain`.

    The sets of seekers that can be assigned together are the independent sets of a matroid (transversal matroids:
    Edmonds and Fulkerson 1965). In a matroid a set that is best for some weights of its elements is best for all
    weights that rank them alike. So it does not matter how far a higher priority outweighs a lower one, if only the
    lower goals cannot make up for a step, and steps of one unit more than all that these can add up to suffice.
    Movable appointments count as the highest priority: they can all be assigned, and so they are.
    """
    step = network.weights.routine
    of_rank = np.array([4 * step, 3 * step, 2 * step, step], dtype=np.int64)
    candidates = network.candidates
    return of_rank[candidates.rank] - network.weights.move * candidates.moves - candidates.cost


def _begin_with(network: Network) -> Bools:
    """The candidates to begin with: of each seeker the best few, and all that are as good as the last of them.

    Counted hour by hour of cost, which needs no sorting. All candidates if those cannot give everybody a place.
    """
    everything = np.ones(len(network), dtype=np.bool_)
    if len(network) <= FEW:
        return everything
    cost = np.minimum(network.candidates.cost + network.candidates.moves, DEAREST)
    levels = int(cost.max()) + 1
    up_to = np.bincount(network.seeker * levels + cost, minlength=network.seekers * levels)
    up_to = np.cumsum(up_to.reshape(network.seekers, levels), axis=1)
    few = cost <= (up_to < BEGIN_WITH).sum(axis=1)[network.seeker]
    enough = _assignable(_graph(network, np.flatnonzero(few))) == network.seekers
    return few if enough else everything


def _assign(network: Network, which: Ints, value: Ints) -> Bools:
    """Which of the candidates `which` make the assignment of greatest total value.

    It assigns as many seekers as can be assigned at once, since one more outweighs everything else. Where these are
    all, or fill all places, they need no column that means no place.
    """
    if not len(which):
        return np.zeros(0, dtype=np.bool_)
    seeker, place = network.seeker[which], network.place[which]
    most = _assignable(_graph(network, which))
    if most == network.seekers:  # then priorities decide nothing
        value = -network.weights.move * network.candidates.moves[which] - network.candidates.cost[which]
    cost = int(value.max()) + 1 - value  # positive, as it has to be: for SciPy 0 is no entry
    if network.seekers * network.places > LARGE and most != network.places:
        flowing = _by_flow(network, which, cost, most)
        if flowing is not None:
            return flowing
    graph = _graph(network, which, cost)
    if most == network.seekers:
        return np.asarray(place == _by_rows(graph)[seeker])
    if most == network.places:
        return np.asarray(seeker == _by_rows(graph.T.tocsr())[place])
    everybody = np.arange(network.seekers)
    none = csr_array((np.full(network.seekers, int(value.max()) + 1.0), (everybody, everybody)))
    return np.asarray(place == _by_rows(hstack([graph, none], format="csr"))[seeker])


def _by_rows(graph: csr_array) -> Ints:
    """The column that each row is given at the least cost, by SciPy's sparse Jonker-Volgenant algorithm (1987)."""
    return np.asarray(min_weight_full_bipartite_matching(graph)[1])


def _by_flow(network: Network, which: Ints, cost: Ints, most: int) -> Bools | None:
    """The candidates through which `most` units flow from seekers to places at the least cost; None if costs are too
    large for it.

    By OR-Tools' push and relabel algorithm (Goldberg 1997), whose work grows with the candidates, not with all pairs.
    """
    seekers, places = np.arange(network.seekers), network.seekers + np.arange(network.places)
    source, sink = network.seekers + network.places + np.arange(2)
    flow = SimpleMinCostFlow()

    def add(tail: Ints, head: Ints, cost: Ints) -> Ints:
        return np.asarray(flow.add_arcs_with_capacity_and_unit_cost(tail, head, np.ones_like(cost), cost))

    arcs = add(network.seeker[which], network.seekers + network.place[which], cost)
    add(np.full_like(seekers, source), seekers, np.zeros_like(seekers))
    add(places, np.full_like(places, sink), np.zeros_like(places))
    flow.set_node_supply(int(source), most)
    flow.set_node_supply(int(sink), -most)
    if flow.solve() != flow.OPTIMAL:
        return None
    return np.asarray(flow.flows(arcs) > 0)


def _graph(network: Network, which: Ints, cost: Ints | None = None) -> csr_array:
    """A row per seeker, a column per place; `which` ascends."""
    begin = np.searchsorted(which, network.first).astype(np.int32)
    entries = np.ones(len(which)) if cost is None else cost.astype(np.float64)
    return csr_array((entries, network.place[which].astype(np.int32), begin), shape=(network.seekers, network.places))


def _assignable(graph: csr_array) -> int:
    """How many seekers can be assigned at once (Hopcroft and Karp 1973)."""
    return int(np.count_nonzero(maximum_bipartite_matching(graph, perm_type="column") != NOBODY))


def _prices(network: Network, which: Ints, chosen: Ints) -> Tariff:
    """The least prices that cover the candidates `which`, given the best assignment among them (candidates `chosen`).

    A place costs what the one whom it would suit best, of those who do not have it, would gain by it; a seeker is
    left with the gain of its candidate less the price of its place; so a price that rises makes others rise. From 0
    they rise until all candidates are covered (Bellman's equations 1958; least prices: Shapley and Shubik 1971).
    """
    seeker, place, gain = network.seeker[which], network.place[which], network.gain[which]
    first = np.searchsorted(which, network.first)
    earned = np.zeros(network.seekers, dtype=np.int64)
    earned[network.seeker[chosen]] = network.gain[chosen]
    owner = np.full(network.places, NOBODY, dtype=np.int64)
    owner[network.place[chosen]] = network.seeker[chosen]
    profit, price = earned.copy(), np.zeros(network.places, dtype=np.int64)
    hopeful = np.arange(network.seekers)
    while len(hopeful):
        wanted = spans(first[hopeful], first[hopeful + 1])
        bid, before = gain[wanted] - profit[seeker[wanted]], price.copy()
        rising = bid > price[place[wanted]]
        np.maximum.at(price, place[wanted[rising]], bid[rising])
        risen = np.flatnonzero(price > before)
        hopeful = owner[risen]
        if (hopeful == NOBODY).any():  # not the best assignment, for want of digits: the stages after cope with it
            break
        profit[hopeful] = earned[hopeful] - price[risen]
    return Tariff(profit, price, np.zeros(network.nowhere + 1, dtype=np.int64))
