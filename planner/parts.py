"""Large sets told once: which conflict tells which part, and which conflicts name it."""

from collections.abc import Mapping
from dataclasses import dataclass

from planner.walks import Blocks

ALONE = 40
"""A set of so many members is told whole, for each request that needs it."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a refused request tells itself, as blocks, and the refused requests whose parts it names, ascending."""

    blocks: frozenset[int]
    named: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """Blocks that `teller`, of priority `rank`, tells, and all that it needs."""

    teller: int
    rank: int
    needed: frozenset[int]
    blocks: frozenset[int]


def shares(needed: Mapping[int, frozenset[int]], blocks: Blocks, rank: Mapping[int, int]) -> dict[int, Share]:
    """Who tells what, of the blocks that each refused request needs; exactly these are told or named for each.

    Up to ALONE members (the request among them) are told whole. Of larger sets, the smallest first, what nobody has
    told becomes a part: blocks first needed together. Later sets that need everything the teller needs, and are of the
    same priority or a lower one, name it. One that does not tells these blocks itself; it is not named by anybody then,
    and so no block is in two parts that are named.
    """
    told: dict[int, Share] = {}
    part_of: dict[int, _Part] = {}
    distinct: dict[tuple[frozenset[int], int], list[int]] = {}
    for request, wants in needed.items():
        distinct.setdefault((wants, rank[request]), []).append(request)
    size = {wants: blocks.size(wants) + 1 for wants, _ in distinct}
    for wants, priority in sorted(distinct, key=lambda each: (size[each[0]], each[1], distinct[each][0])):
        requests = distinct[wants, priority]
        if size[wants] <= ALONE:
            told |= dict.fromkeys(requests, Share(wants))
            continue
        parts = {part_of[block].teller: part_of[block] for block in wants if block in part_of}
        usable = {n: part for n, part in parts.items() if part.needed <= wants and part.rank <= priority}
        rest = wants.difference(*(part.blocks for part in usable.values()))
        told |= dict.fromkeys(requests, Share(rest, tuple(sorted(usable))))
        if rest and len(usable) == len(parts):
            first, *others = requests
            part_of |= dict.fromkeys(rest, _Part(first, priority, wants, rest))
            told |= dict.fromkeys(others, Share(frozenset(), tuple(sorted([*usable, first]))))
    return told


def shared_whole(needed: Mapping[int, frozenset[int]], blocks: Blocks) -> dict[int, Share]:
    """The same where sets need not be exact: all large sets together are told by the first request."""
    large = [request for request, wants in needed.items() if blocks.size(wants) + 1 > ALONE]
    told = {request: Share(wants) for request, wants in needed.items()}
    if large:
        first, *others = large
        told[first] = Share(frozenset[int]().union(*(needed[request] for request in large)))
        told |= dict.fromkeys(others, Share(frozenset(), (first,)))
    return told
