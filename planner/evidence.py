"""Least proofs: the fewest names that show hours taken, and that would free one of them."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from planner.hours import Bools, Ints
from planner.standing import Held, distinct


def least_proofs(held: Held, owner: Ints, owners: int) -> list[Ints]:
    """For each of `owners` a least set of the holders of its hours, ascending (see `least_proof`).

    Hour `h` belongs to `owner[h]`; hours that nobody holds prove nothing and do not count.

    A holder who is alone in some hour is in every proof. Where zones agree that is nearly everybody, and columns find
    them; only the hours that several hold are looked at one by one.
    """
    overlaps = np.bincount(held.hour, minlength=len(owner))
    several = overlaps[held.hour] > 1
    of = owner[held.hour]
    alone_of, alone = _distinct(of[~several], held.holder[~several])
    begin = np.searchsorted(alone_of, np.arange(owners + 1))
    proofs = [alone[a:b] for a, b in zip(begin[:-1].tolist(), begin[1:].tolist(), strict=True)]
    for number, hours in _by_owner(held, of, several).items():
        needed = frozenset(proofs[number].tolist())
        proofs[number] = np.array(least_proof(hours, needed), dtype=np.int64)
    return proofs


def least_proof(held: Sequence[Sequence[int]], needed: AbstractSet[int] = frozenset()) -> list[int]:
    """A least set of holders that proves all hours held and, once they were gone, would free one of them.

    `held` has one entry per hour: everybody who overlaps it. `needed` are the holders who are alone in some other hour.
    The set is minimal: drop any one, and either some hour is no longer overlapped by the rest, or taking the rest away
    frees none. Both properties grow with the set, so one pass that drops what can be dropped is enough. Ascending.
    """
    hours_of: dict[int, list[int]] = {}
    for hour, holders in enumerate(held):
        for holder in holders:
            hours_of.setdefault(holder, []).append(hour)
    present = [len(holders) for holders in held]
    freed = len(held)  # hours whose holders are all in the set; that of a holder who is alone in one always is
    proof = set(needed)
    for holder in sorted(hours_of.keys() - needed, reverse=True):
        hours = hours_of[holder]
        whole = sum(present[hour] == len(held[hour]) for hour in hours)
        if all(present[hour] > 1 for hour in hours) and (needed or freed > whole):
            freed -= whole
            for hour in hours:
                present[hour] -= 1
        else:
            proof.add(holder)
    return sorted(proof)


def _distinct(owner: Ints, holder: Ints) -> tuple[Ints, Ints]:
    """The distinct pairs, ascending by owner, then holder."""
    base = int(holder.max(initial=0)) + 1
    return np.divmod(distinct(owner * base + holder), base)


def _by_owner(held: Held, of: Ints, several: Bools) -> dict[int, list[list[int]]]:
    """For each owner the holders of each of those of its hours that `several` hold."""
    found: dict[int, list[list[int]]] = {}
    last = -1
    rows = zip(of[several].tolist(), held.hour[several].tolist(), held.holder[several].tolist(), strict=True)
    for owner, hour, holder in rows:
        if hour != last:
            found.setdefault(owner, []).append([])
            last = hour
        found[owner][-1].append(holder)
    return found
