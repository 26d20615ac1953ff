"""The rules over a schedule that stands, judged by the functions that judge the hours of a plan.

Here every row is looked at, whatever the database let in: hours that are no hours, doctors in two places.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.instants import HOUR_US
from planner.verify.hours import Clock, on_the_hour
from planner.verify.periods import Cover, Owned, overlaps
from planner.verify.timelines import Bools, Ints

Pairs = tuple[Ints, Ints]
"""The earlier and the later one of each two that overlap."""


@dataclass(frozen=True, slots=True)
class Places:
    """Appointments or availabilities, one entry per row: whose, where, and `[begin, end)` in microseconds.

    Doctors and hospitals are numbers, from 0 on.
    """

    doctor: Ints
    hospital: Ints
    begin: Ints
    end: Ints

    def of(self, owner: Ints) -> Owned:
        return Owned(owner, self.begin, self.end)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All rows of some doctors that have not ended by `since` (microseconds).

    Parameters
    ----------
    since
        only from then on it matters whether one lies within another: what held it before may not be here.
    appointments, booked
        of each whether it occupies its hour.
    availabilities, whole
        of each whether it is a period as it should be. Others (without an end, as an example) hold appointments, and
        no more is asked of them.
    openings
        of the doctors' hospitals, by number, at least where there are availabilities.
    clocks, clock_of
        of each hospital, by number, which of the clocks is its own; -1 where nobody knows its zone.

    """

    since: int
    appointments: Places
    booked: Bools
    availabilities: Places
    whole: Bools
    openings: Owned
    clocks: Sequence[Clock]
    clock_of: Ints

    def at(self, places: Places) -> Owned:
        """The rows as periods of a doctor at a hospital."""
        return places.of(places.doctor * len(self.clock_of) + places.hospital)

    def ahead(self, periods: Owned) -> Owned:
        """What of periods lies ahead."""
        return Owned(periods.owner, np.maximum(periods.begin, self.since), periods.end)


@dataclass(frozen=True, slots=True)
class Breaches:
    """The numbers of the appointments and availabilities that break a rule, ascending, but for pairs."""

    doctor_double_booked: Pairs
    outside_availability: Ints
    off_the_hour: Ints
    not_one_hour: Ints
    availabilities_overlap: Pairs
    availability_outside_openings: Ints
    closed: Bools
    """Of each appointment whether it lies outside the openings. That breaks no rule: its availability does."""


def breaches(schedule: Schedule) -> Breaches:
    """What breaks a rule of the schedule."""
    held, offered = schedule.appointments, schedule.availabilities
    booked, whole = np.flatnonzero(schedule.booked), np.flatnonzero(schedule.whole)
    opened = Cover(schedule.openings)
    attended = Cover(schedule.at(offered))
    return Breaches(
        doctor_double_booked=_pairs(held.of(held.doctor), booked),
        outside_availability=np.flatnonzero(schedule.booked & ~attended.holds(schedule.ahead(schedule.at(held)))),
        off_the_hour=np.flatnonzero(~_full(schedule, held)),
        not_one_hour=np.flatnonzero(held.end - held.begin != HOUR_US),
        availabilities_overlap=_pairs(offered.of(offered.doctor), whole),
        availability_outside_openings=np.flatnonzero(
            schedule.whole & ~opened.holds(schedule.ahead(offered.of(offered.hospital)))
        ),
        closed=~opened.holds(schedule.ahead(held.of(held.hospital))),
    )


def _pairs(periods: Owned, which: Ints) -> Pairs:
    earlier, later = overlaps(periods.take(which))
    return which[earlier], which[later]


def _full(schedule: Schedule, held: Places) -> Bools:
    """Which appointments start on the hour, or where no clock says."""
    clock = schedule.clock_of[held.hospital]
    full = clock < 0
    full[~full] = on_the_hour(schedule.clocks, clock[~full], held.begin[~full])
    return full
