"""Prices that prove a bound on every plan, to be checked by anyone with a pencil."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import lcm
from typing import Self

import numpy as np

from planner.goals import Weights
from planner.hours import Ints


@dataclass(frozen=True, slots=True)
class InstantPrices:
    """The positive prices of instants of some owners, ascending by (owner, moment).

    `owner` is a doctor's or a patient's number in the columns; the instant is the start of moment `moment`.
    """

    owner: Ints
    moment: Ints
    price: Ints

    @classmethod
    def together(cls, parts: Sequence[Self]) -> Self:
        """Those of all parts, which share no owner."""
        owner, moment, price = (
            np.concatenate(columns)
            for columns in zip(*((part.owner, part.moment, part.price) for part in parts), strict=True)
        )
        order = np.lexsort((moment, owner))
        return cls(owner[order], moment[order], price[order])


@dataclass(frozen=True, slots=True)
class Prices:
    """A price for every seeker and for instants of doctors and patients (weak duality of linear programming).

    For every candidate the price of its seeker and those of the instants inside its hour, its doctor's and its
    patient's, add up to at least its gain under `weights`. An instant serves one hour, and a seeker takes one. So no
    plan gains more than all prices together. `seeker` has one entry per seeker: 0 or more for a request, of either sign
    for a movable appointment, which has an hour in every plan. Prices are in whole `unit`-ths of an hour of
    inconvenience.
    """

    weights: Weights
    unit: int
    seeker: Ints
    doctor: InstantPrices
    patient: InstantPrices

    @classmethod
    def together(cls, weights: Weights, seekers: int, parts: Sequence["Prices"]) -> "Prices":
        """Prices of parts that share no seeker, doctor or patient, in a unit in which all are whole."""
        unit = lcm(*(part.unit for part in parts))
        nothing = InstantPrices(*np.zeros((3, 0), dtype=np.int64))
        return cls(
            weights,
            unit,
            sum((part.in_unit(unit).seeker for part in parts), np.zeros(seekers, dtype=np.int64)),
            InstantPrices.together([nothing, *(part.in_unit(unit).doctor for part in parts)]),
            InstantPrices.together([nothing, *(part.in_unit(unit).patient for part in parts)]),
        )

    def in_unit(self, unit: int) -> "Prices":
        """The same in another unit, in which all prices are whole."""
        times = unit // self.unit
        doctor, patient = (replace(prices, price=prices.price * times) for prices in (self.doctor, self.patient))
        return replace(self, unit=unit, seeker=self.seeker * times, doctor=doctor, patient=patient)
