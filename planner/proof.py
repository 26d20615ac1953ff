"""Prices that prove a bound on every plan, to be checked by anyone with a pencil."""

from dataclasses import dataclass

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

    @property
    def bound(self) -> int:
        """What no plan gains more than, as a Python integer: at 100,000 requests it may not fit into 64 bits."""
        return sum(sum(column.tolist()) for column in (self.seeker, self.doctor.price, self.patient.price)) // self.unit
