"""Whether the certificates of the rule `offers` prove what they say, by counting. No solver is asked.

Each says of a refused request: it and others, all of its priority or a higher one, accept only these offers, and those
are one fewer than the requests. An offer serves one, so not all of them can be booked, whatever is chosen (Hall 1935).

A large set is told in parts: that of the refused request itself, and those of the conflicts that it names in `with`,
each without that conflict's own refused request. Why their union proves the same:

- every part has one offer fewer than requests, so the union has too, if nobody and nothing is counted twice: parts that
  are named anywhere share nobody (but for the refused) and nothing, and no part shares with those that it names;
- the union holds all offers that its requests accept: the requests of a part accept only offers of the part itself and
  of the parts that it names, and whoever names a part names also what that part names.

The set is minimal: leave out any request, and the others can all have an offer. Take the offers as the plan gives them
out. If the refused request accepts an offer, its holder accepts another, and so on to the one left out, everybody on
the way moves on by one. So it is enough that everybody in its part, and every part named, is reached in this way.

Every part is looked at once: all of this is linear in the file and in the offers that the requests accept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from planner.instants import micros
from planner.plan import Conflict
from planner.verify.book import Book
from planner.verify.timelines import Bools, Ints, ints, spread


@dataclass(frozen=True, slots=True)
class Part:
    """Requests and offers that are told at one conflict, as numbers; an unknown offer is -1. `named`: other parts."""

    id: str
    refused: int
    requests: list[int]
    offers: list[int]
    named: frozenset[str]

    @classmethod
    def read(cls, book: Book, conflict: Conflict) -> "Part":
        """Raises KeyError, TypeError or ValueError where the lists hold other things, or unknown ids."""
        told = conflict.certificate
        requests, offers, named = told["requests"], told["offers"], told.get("with", [])
        if any(len(offer) != 3 for offer in offers):
            raise ValueError("an offer says more than a doctor, a hospital and a start")
        places = [(offer["doctor"], offer["hospital"], book.told_micros(offer["start"])) for offer in offers]
        found = book.find(places).tolist() if places else []
        if len(set(named)) < len(named):
            raise ValueError("`with` names a conflict twice")
        members = [book.request_number[id_] for id_ in requests]
        return cls(conflict.request, book.request_number[conflict.request], members, found, frozenset(named))


def offer_faults(book: Book, parts: Sequence[Part]) -> Iterator[tuple[str, str]]:
    """The id of a refused request and what is wrong with its certificate, for everything that is."""
    rank = book.seekers.rank.tolist()
    for part in parts:
        fault = _part_fault(book, part, rank)
        if fault is not None:
            yield part.id, fault
    by_id = {part.id: part for part in parts}
    named = {id_: by_id[id_] for part in parts for id_ in sorted(part.named) if id_ in by_id}
    yield from _shared(named)
    bits = {id_: 1 << number for number, id_ in enumerate(named)}
    wanted = {part.id: sum(bits.get(id_, 0) for id_ in part.named) for part in parts}
    for part in parts:
        fault = _union_fault(part, named, wanted, rank)
        if fault is not None:
            yield part.id, fault
    yield from _Acceptance(book, parts, named).faults(bits, wanted)


def _part_fault(book: Book, part: Part, rank: Sequence[int]) -> str | None:
    """What is wrong with a part, by itself. `rank` is that of every request."""
    if part.refused not in part.requests:
        return "does not name its own request"
    if len(set(part.requests)) < len(part.requests) or len(set(part.offers)) < len(part.offers):
        return "counts somebody or an offer twice"
    if any(rank[request] > rank[part.refused] for request in part.requests):
        return "names a request of lower priority"
    if any(offer < 0 or book.taken[offer] for offer in part.offers):
        return "lists an hour that is no offer"
    return None if len(part.offers) == len(part.requests) - 1 else "does not have one offer fewer than requests"


def _shared(named: Mapping[str, Part]) -> Iterator[tuple[str, str]]:
    """Parts that are named somewhere and hold a request or an offer that another such part holds."""
    known: set[tuple[str, int]] = set()
    for part in named.values():
        mine = {("request", request) for request in part.requests if request != part.refused}
        mine |= {("offer", offer) for offer in part.offers}
        if not known.isdisjoint(mine):
            yield part.id, "shares somebody or an offer with another part that is named"
        known |= mine


def _union_fault(part: Part, named: Mapping[str, Part], wanted: Mapping[str, int], rank: Sequence[int]) -> str | None:
    """What is wrong with the parts that a part names. `wanted` has the bits of all parts that a part names."""
    if not part.named <= named.keys() or part.id in part.named:
        return "names a conflict that has no such set"
    others = [named[id_] for id_ in part.named]
    if any(rank[other.refused] > rank[part.refused] for other in others):
        return "names a conflict of lower priority"
    if any(wanted[other.id] & ~wanted[part.id] for other in others):
        return "does not name all conflicts that those need that it names"
    return None


class _Acceptance:
    """Which offers the members of all parts accept: everything in columns, some members at a time."""

    def __init__(self, book: Book, parts: Sequence[Part], named: Mapping[str, Part]) -> None:
        self._book, self._parts = book, parts
        numbers = {part.id: number for number, part in enumerate(parts)}
        self._part, self._request = _flat([part.requests for part in parts])
        self._refused = ints(part.refused for part in parts)[self._part] == self._request
        self._offer_part, self._offer = _flat([part.offers for part in parts])
        self._members = _Pairs(self._part, self._request, len(book.requests))
        self._offers = _Pairs(self._offer_part, self._offer, len(book.hours))
        self._names = _Pairs(
            *_flat([[numbers[id_] for id_ in part.named & named.keys()] for part in parts]), len(parts)
        )
        self._told_in = np.full(len(book.hours), -1)  # of each offer the named part that has it
        self._member_of = np.full(len(book.requests), -1)  # of each request the named part that has it, not as refused
        for id_, part in named.items():
            self._told_in[[offer for offer in part.offers if offer >= 0]] = numbers[id_]
            self._member_of[[request for request in part.requests if request != part.refused]] = numbers[id_]

    def faults(self, bits: Mapping[str, int], wanted: Mapping[str, int]) -> Iterator[tuple[str, str]]:
        twice = self._part[self._names.find(self._part, self._member_of[self._request]) >= 0]
        yield from self._told(twice, "holds somebody whom a part holds that it names")
        twice = self._offer_part[self._names.find(self._offer_part, self._told_in[self._offer]) >= 0]
        yield from self._told(twice, "holds an offer that a part holds that it names")
        outside, wanting, steps, entered = self._walk()
        yield from self._told(outside, "leaves out an offer that its requests accept")
        yield from self._told(wanting, "lists an offer that none of the others accepts")
        yield from self._told(
            self._part[~_reached(np.flatnonzero(self._refused), len(self._part), *steps)], "holds somebody without need"
        )
        reach = [0] * len(self._parts)
        for number, other in zip(*entered, strict=True):
            reach[number] |= bits[self._parts[other].id] | wanted[self._parts[other].id]
        idle = [number for number, part in enumerate(self._parts) if wanted[part.id] & ~reach[number]]
        yield from self._told(ints(idle), "names a conflict without need")

    def _walk(self) -> tuple[Ints, Ints, tuple[Ints, Ints], tuple[list[int], list[int]]]:
        """Parts with offers left out; parts with offers that no other accepts; steps from member to member; and from
        part to named part.
        """
        holder = self._holders()
        accepted = np.zeros(len(self._offer), dtype=np.bool_)
        outside, entered = np.zeros(len(self._parts), dtype=np.bool_), np.zeros(0, dtype=np.int64)
        steps: list[tuple[Ints, Ints]] = [(ints([]), ints([]))]
        done = 0
        for block in self._book.blocks(self._request):
            rows = self._book.offered(block)
            member = done + rows.seeker
            done += len(block)
            part, other = self._part[member], self._told_in[rows.hour]
            own = self._offers.find(part, rows.hour)
            elsewhere = (own < 0) & (self._names.find(part, other) >= 0)
            outside[part[(own < 0) & ~elsewhere]] = True
            accepted[own[(own >= 0) & ~self._refused[member]]] = True
            entered = np.unique(np.concatenate([entered, (part * len(self._parts) + other)[elsewhere]]))
            next_ = self._members.find(part, holder[rows.hour])
            there = (own >= 0) & (next_ >= 0)
            steps.append((member[there], next_[there]))
        source, target = (np.concatenate(column) for column in zip(*steps, strict=True))
        pairs = divmod(entered, max(len(self._parts), 1))
        return (
            np.flatnonzero(outside),
            self._offer_part[~accepted],
            (source, target),
            (pairs[0].tolist(), pairs[1].tolist()),
        )

    def _holders(self) -> Ints:
        """Of each hour the number of the request that the plan gives it to; -1 where there is none."""
        holder = np.full(len(self._book.hours) + 1, -1)
        bookings = [b for b in self._book.plan.bookings if b.request in self._book.requests]
        hours = self._book.find((b.doctor, b.hospital, micros(b.start)) for b in bookings)
        holder[hours] = ints(self._book.request_number[b.request] for b in bookings)
        return holder[:-1]

    def _told(self, parts: Ints, fault: str) -> Iterator[tuple[str, str]]:
        return ((self._parts[number].id, fault) for number in np.unique(parts).tolist())


def _reached(begin: Ints, count: int, source: Ints, target: Ints) -> Bools:
    """Which of `count` members somebody in `begin` reaches along the steps, which ascend by `source`."""
    first = np.searchsorted(source, np.arange(count + 1))
    reached = np.zeros(count, dtype=np.bool_)
    while len(begin):
        reached[begin] = True
        _, step = spread(first[begin], first[begin + 1])
        begin = np.unique(target[step][~reached[target[step]]])
    return reached


class _Pairs:
    """Pairs of numbers to be looked up; the second of each is less than `most`. Most seconds are in one pair only."""

    def __init__(self, first: Ints, second: Ints, most: int) -> None:
        self._most = most + 1  # -1 is the last of them
        keys = first * self._most + second
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        self._first = first
        self._some = np.full(self._most, -1)  # of each second the place of some pair that has it
        self._some[second] = np.arange(len(second))
        self._some[-1] = -1

    def find(self, first: Ints, second: Ints) -> Ints:
        """The place of each pair in the columns given; -1 where it is not there, or the second is -1."""
        found = self._some[second]
        others = np.flatnonzero(found >= 0)
        others = others[self._first[found[others]] != first[others]]
        if len(others):
            keys = first[others] * self._most + second[others]
            at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
            found[others] = np.where(self._keys[at] == keys, self._order[at], -1)
        return found


def _flat(lists: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """The number of its list for everything in the lists, and everything."""
    return np.repeat(np.arange(len(lists)), ints(map(len, lists))), ints(chain.from_iterable(lists))
