"""The hours that seekers could have, as columns with one entry per candidate."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Self

import numpy as np

from planner.hours import Bools, Hours, Ints, Moments, spans
from planner.instants import HOUR_US
from planner.problem import Priority
from planner.pruning import BEYOND, BLOCK, NOTHING, LeftOut, cheapest, needed

MOVABLE, URGENT, SOON, ROUTINE = range(4)
"""The rank of a seeker. Movable appointments come first: they must keep an hour, whoever else goes without."""
RANK = {Priority.URGENT: URGENT, Priority.SOON: SOON, Priority.ROUTINE: ROUTINE}
PLACE_HOURS = 24
"""Inconvenience of one place down the list of doctors."""


@dataclass(frozen=True, slots=True)
class Seekers:
    """Everybody who needs an hour: the requests by id, then the movable appointments by id.

    Arrays have one entry per seeker. An hour suits from moment `first` up to, not including, `last`; `preferred` is in
    microseconds. `hospitals` is a row of the table of hospital sets.
    """

    rank: Ints
    patient: Ints
    first: Ints
    last: Ints
    preferred: Ints
    hospitals: Ints


@dataclass(frozen=True, slots=True)
class Wishes:
    """The acceptable doctors: (seeker, doctor, place on the list), ascending by seeker, then place."""

    seeker: Ints
    doctor: Ints
    place: Ints


@dataclass(frozen=True, slots=True)
class Candidates:
    """The hours that a seeker could have, ascending by seeker; one entry per candidate.

    `cost` is the inconvenience in hours. `moves` marks the new hours of movable appointments. `patient` and `rank`
    repeat the seeker's. No seeker has two candidates with the same doctor at the same moment.
    """

    seeker: Ints
    doctor: Ints
    hospital: Ints
    moment: Ints
    cost: Ints
    moves: Bools
    patient: Ints
    rank: Ints

    @property
    def begins(self) -> Ints:
        """Where the candidates of each seeker begin, of those who have any."""
        fresh = np.ones(len(self), dtype=np.bool_)
        fresh[1:] = self.seeker[1:] != self.seeker[:-1]
        return np.flatnonzero(fresh)

    def take(self, which: Ints | Bools) -> Self:
        """Some of them, in their order."""
        return type(self)(
            self.seeker[which], self.doctor[which], self.hospital[which], self.moment[which],
            self.cost[which], self.moves[which], self.patient[which], self.rank[which],
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.seeker)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Hours that seekers accept, whoever is busy then: (seeker, place on the list of doctors, hour)."""

    seeker: Ints
    place: Ints
    hours: Hours


def accepted(hours: Hours, moments: Moments, seekers: Seekers, wishes: Wishes, hospital_sets: Bools) -> Accepted:
    """Which of `hours` each of the seekers named in `wishes` accepts: by doctor, hospital and window."""
    first, last = _window(hours, moments, seekers, wishes)
    hour = spans(first, last)
    count = np.maximum(last - first, 0)
    seeker, place = np.repeat(wishes.seeker, count), np.repeat(wishes.place, count)
    suits = hospital_sets[seekers.hospitals[seeker], hours.hospital[hour]]
    return Accepted(seeker[suits], place[suits], hours.take(hour[suits]))


def _window(hours: Hours, moments: Moments, seekers: Seekers, wishes: Wishes) -> tuple[Ints, Ints]:
    """For each wish the half-open range of `hours` of its doctor in the window of its seeker."""
    key = moments.key(hours.doctor, hours.moment)
    first, last = (
        np.searchsorted(key, moments.key(wishes.doctor, of_seeker[wishes.seeker]))
        for of_seeker in (seekers.first, seekers.last)
    )
    return first, last


def candidates_of(
    offers: Hours,
    moments: Moments,
    seekers: Seekers,
    wishes: Wishes,
    hospital_sets: Bools,
    busy_at: Ints,
    *,
    whole: bool,
) -> tuple[Candidates, LeftOut | None]:
    """The candidates among the `offers`, ascending by seeker.

    `busy_at` are the keys of patients and the moments at which their fixed appointments do not let them come. Unless
    the `whole` is wanted, of very many candidates those are left out that no plan needs; what these are comes second.
    """
    ends = np.cumsum(_accepted_at_most(offers, moments, seekers, wishes))
    if whole or not len(ends) or ends[-1] <= BEYOND:
        return _free(accepted(offers, moments, seekers, wishes, hospital_sets), moments, seekers, busy_at), None
    most = needed(wishes.seeker, wishes.doctor, seekers.patient, moments)
    nothing = np.full(len(seekers.rank), NOTHING)
    left_out = LeftOut(nothing, np.zeros_like(nothing), seekers.rank)
    parts = []
    for block in _blocks(wishes.seeker, ends):
        some = Wishes(wishes.seeker[block], wishes.doctor[block], wishes.place[block])
        found = _free(accepted(offers, moments, seekers, some, hospital_sets), moments, seekers, busy_at)
        kept = cheapest(found.seeker, found.cost, most)
        left_out.note(found.seeker, found.cost, kept)
        parts.append(found.take(kept))
    return together(parts), left_out


def _accepted_at_most(offers: Hours, moments: Moments, seekers: Seekers, wishes: Wishes) -> Ints:
    """How many offers each wish has in its window, at whatever hospital."""
    first, last = _window(offers, moments, seekers, wishes)
    count: Ints = np.maximum(last - first, 0)
    return count


def _blocks(seeker: Ints, ends: Ints) -> list[slice]:
    """The wishes, ascending by seeker, divided between seekers: about BLOCK offers in each part. `ends` counts them."""
    fresh = np.flatnonzero(np.diff(seeker)) + 1  # where the wishes of another seeker begin
    cuts = fresh[np.flatnonzero(np.diff(ends[fresh - 1] // BLOCK)) + 1] if len(fresh) else fresh
    edges = [0, *cuts.tolist(), len(seeker)]
    return [slice(begin, end) for begin, end in pairwise(edges)]


def _free(found: Accepted, moments: Moments, seekers: Seekers, busy_at: Ints) -> Candidates:
    """The candidates among accepted offers.

    Not those that overlap a fixed appointment of the patient, nor a second hospital where the same doctor could be had
    at the same moment (nothing could tell the two apart but the hospital; the first id is kept).
    """
    seeker, hours = found.seeker, found.hours
    patient = seekers.patient[seeker]
    away = np.abs(moments.start[hours.moment] - seekers.preferred[seeker])
    moves = seekers.rank[seeker] == MOVABLE
    keep = ~np.isin(moments.key(patient, hours.moment), busy_at) & ~(moves & (away == 0))
    offers = Candidates(
        seeker, hours.doctor, hours.hospital, hours.moment, away // HOUR_US + PLACE_HOURS * found.place,
        moves, patient, seekers.rank[seeker],
    ).take(keep)  # fmt: skip
    again = np.zeros(len(offers), dtype=np.bool_)
    again[1:] = (np.diff(offers.seeker) == 0) & (np.diff(offers.doctor) == 0) & (np.diff(offers.moment) == 0)
    return offers.take(~again)


def together(parts: Sequence[Candidates]) -> Candidates:
    """All of them, ascending by seeker."""
    every = Candidates(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Candidates)))
    return every.take(np.argsort(every.seeker, kind="stable"))
