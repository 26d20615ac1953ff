"""The candidates as a network of seekers and places: what relaxation, prices and repair work on.

Words used only in these stages:

- *place*: an hour of a doctor, (doctor, moment); a seeker takes one, and a place is taken once;
- *crossing*: a set of candidates of different places that exclude each other all the same: hours of one patient, or
  hours of a doctor that overlap in part. Without crossings the problem would be an assignment.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from planner.candidates import MOVABLE, Candidates
from planner.goals import Weights
from planner.hours import Bools, Ints, Moments
from planner.proof import InstantPrices, Prices
from planner.rules import InstantRows, doctor_in_one_place, numbered, patient_in_one_place

FINER = 12
"""Prices that linear programs find are often halves or thirds; in twelfths these are whole numbers."""


@dataclass(frozen=True, slots=True)
class Network:
    """Candidates, ascending by seeker, with the numbers of what each of them uses.

    Seeker `s` has the candidates from `first[s]` up to, not including, `first[s + 1]`, and has to have an hour where
    `must[s]`. Candidate `c` gains `gain[c]` (under `weights`) and uses `place[c]` and one crossing of each array in
    `crossings`; the number `nowhere`, one past the last, means none. `instants` are the rules behind the crossings.
    """

    candidates: Candidates
    weights: Weights
    gain: Ints
    seeker: Ints
    first: Ints
    must: Bools
    place: Ints
    place_doctor: Ints
    place_moment: Ints
    crossings: tuple[Ints, ...]
    nowhere: int
    instants: tuple[InstantRows, InstantRows]

    @classmethod
    def of(cls, candidates: Candidates, moments: Moments, weights: Weights) -> Self:
        """The network of `candidates`. Linear in their number."""
        first = np.append(candidates.begins, len(candidates))
        doctor = doctor_in_one_place(candidates, moments)
        patient = patient_in_one_place(candidates, moments)
        nowhere = doctor.count + patient.count
        crossings = _one_of_each(patient, doctor.count, nowhere)
        place, place_doctor, place_moment = doctor.first, doctor.owner, doctor.moment
        if not doctor.apart:
            keys, place = numbered(moments.key(candidates.doctor, candidates.moment))
            place_doctor, place_moment = np.divmod(keys, len(moments) + 1)
            crossings = _one_of_each(doctor, 0, nowhere) + crossings
        return cls(
            candidates, weights, weights.gain(candidates), np.repeat(np.arange(len(first) - 1), np.diff(first)), first,
            candidates.rank[first[:-1]] == MOVABLE, place, place_doctor, place_moment, crossings, nowhere,
            (doctor, patient),
        )  # fmt: skip

    @property
    def seekers(self) -> int:
        return len(self.must)

    @property
    def places(self) -> int:
        return len(self.place_doctor)

    @property
    def rows(self) -> int:
        """How many sets there are of which at most one candidate can be chosen: by seeker, by place, by crossing."""
        return self.seekers + self.places + self.nowhere

    @property
    def needed(self) -> Bools:
        """The rows that every plan uses: those of seekers who have to have an hour."""
        return np.append(self.must, np.zeros(self.places + self.nowhere, dtype=np.bool_))

    def uses(self, which: Ints) -> tuple[Ints, Ints]:
        """The rows that the candidates `which` use, numbered in that order, and the position in `which` for each."""
        position = np.arange(len(which))
        rows = [self.seeker[which], self.seekers + self.place[which]]
        rows += [self.seekers + self.places + crossing[which] for crossing in self.crossings]
        row, of = np.concatenate(rows), np.tile(position, len(rows))
        real = row < self.rows
        return row[real], of[real]

    def gained(self, chosen: Bools) -> int:
        """The gain of the chosen candidates (a mask); a Python integer, which does not overflow."""
        return sum(self.gain[chosen].tolist())

    def clashes(self, chosen: Bools) -> int:
        """How many of the chosen candidates (a mask) are one too many at their crossings."""
        used = np.concatenate([np.zeros(0, dtype=np.int64), *(crossing[chosen] for crossing in self.crossings)])
        users = np.bincount(used, minlength=self.nowhere)[: self.nowhere]
        return int(np.maximum(users - 1, 0).sum())

    def __len__(self) -> int:
        return len(self.gain)


@dataclass(slots=True)
class Tariff:
    """Prices of seekers (what having an hour is worth to them), of places and of crossings, in whole `unit`-ths.

    `crossing` has one entry more than there are crossings: that of `nowhere`, which is 0.
    """

    seeker: Ints
    place: Ints
    crossing: Ints
    unit: int = 1

    @classmethod
    def none(cls, network: Network) -> Self:
        """Nothing has a price."""
        zeros = np.zeros(network.rows + 1, dtype=np.int64)
        seeker, place, crossing = np.split(zeros, [network.seekers, network.seekers + network.places])
        return cls(seeker, place, crossing)

    @property
    def of_rows(self) -> Ints:
        """The prices of all rows, numbered as `Network.uses` does."""
        return np.concatenate([self.seeker, self.place, self.crossing[:-1]])

    def changed(self, of_rows: Ints, unit: int) -> "Tariff":
        """Another tariff with these prices, in `unit`-ths."""
        seekers, places = len(self.seeker), len(self.place)
        seeker, place, crossing = np.split(of_rows, [seekers, seekers + places])
        return Tariff(seeker, place, np.append(crossing, 0), unit)

    def loss(self, network: Network, which: Ints | slice = slice(None)) -> Ints:
        """What choosing each candidate loses against the bound; negative where the prices do not cover its gain."""
        loss = self.seeker[network.seeker[which]] + self.place[network.place[which]] - self.unit * network.gain[which]
        for crossing in network.crossings:
            loss += self.crossing[crossing[which]]
        return loss

    def cover(self, network: Network) -> None:
        """Sets the prices of seekers to the least that cover every candidate: then all prices prove a bound."""
        self.seeker[:] = 0
        worth = -self.loss(network)
        self.seeker[:] = np.maximum.reduceat(worth, network.first[:-1]) if network.seekers else 0
        np.maximum(self.seeker, 0, out=self.seeker, where=~network.must)

    @property
    def total(self) -> int:
        """The sum of all prices, in `unit`-ths; a Python integer, which does not overflow."""
        return int(sum(self.of_rows.tolist()))

    @property
    def bound(self) -> int:
        """What no plan gains more than, if the prices cover every candidate."""
        return self.total // self.unit

    def gap(self, network: Network, plan: Bools) -> int:
        """What the plan (a mask) loses against the sum of all prices, in `unit`-ths."""
        return self.total - self.unit * network.gained(plan)

    def finer(self) -> "Tariff":
        """The same in a unit that has room for what linear programs find."""
        return self.changed(self.of_rows * FINER, self.unit * FINER)

    def coarser(self) -> "Tariff":
        """The same in the largest unit in which all prices are whole."""
        common = int(np.gcd.reduce(self.of_rows, initial=self.unit))
        return self.changed(self.of_rows // common, self.unit // common)

    def prices(self, network: Network, seekers: int) -> Prices:
        """The same as prices of instants. The price of a place becomes that of the doctor's instant at which it starts:
        other hours that cover the instant pay it as well, which keeps every candidate covered.
        """
        of_seeker = np.zeros(seekers, dtype=np.int64)
        of_seeker[network.candidates.seeker[network.first[:-1]]] = self.seeker
        doctor, patient = network.instants
        begin = doctor.count
        return Prices(
            network.weights,
            self.unit,
            of_seeker,
            _positive(
                np.concatenate([network.place_doctor, doctor.owner]),
                np.concatenate([network.place_moment, doctor.moment]),
                np.concatenate([self.place, self.crossing[:begin]]),
            ),
            _positive(patient.owner, patient.moment, self.crossing[begin:-1]),
        )


def _one_of_each(rows: InstantRows, offset: int, nowhere: int) -> tuple[Ints, ...]:
    """The rows of each candidate as arrays with one row each, numbered from `offset`."""
    width = int((rows.last - rows.first).max(initial=0))
    return tuple(np.where(rows.first + step < rows.last, rows.first + step + offset, nowhere) for step in range(width))


def _positive(owner: Ints, moment: Ints, price: Ints) -> InstantPrices:
    """The positive prices, ascending by owner and moment, equal instants made one."""
    at = np.flatnonzero(price)
    order = at[np.lexsort((moment[at], owner[at]))]
    owner, moment, price = owner[order], moment[order], price[order]
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (owner[1:] != owner[:-1]) | (moment[1:] != moment[:-1])
    begin = np.flatnonzero(fresh)
    return InstantPrices(owner[begin], moment[begin], np.add.reduceat(price, begin) if len(begin) else price)
