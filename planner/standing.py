"""Who holds which hour once a plan is carried out, as columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from planner.candidates import MOVABLE
from planner.columns import Columns
from planner.hours import Bools, Ints, spans
from planner.instants import HOUR_US, micros

UNKNOWN = -1
"""The number of a patient who has no request and no movable appointment."""


class Held(NamedTuple):
    """Pairs of an hour (its place among those asked about) and a holder that overlaps it, ascending by hour."""

    hour: Ints
    holder: Ints


@dataclass(frozen=True, slots=True)
class Timeline:
    """The holders of some owners, doctors or patients, to be found by the hours that they overlap."""

    starts: Ints
    key: Ints
    holder: Ints

    @classmethod
    def of(cls, owner: Ints, start: Ints) -> Self:
        """`owner` and `start` (microseconds) have one entry per holder; those of UNKNOWN owners are left out."""
        holder = np.flatnonzero(owner != UNKNOWN)
        starts = np.unique(start)
        key = owner[holder] * (len(starts) + 1) + np.searchsorted(starts, start[holder])
        order = np.argsort(key, kind="stable")
        return cls(starts, key[order], holder[order])

    def overlapping(self, owner: Ints, start: Ints) -> Held:
        """The holders that overlap the hours of `owner` at `start` (microseconds), one entry each per hour."""
        base = owner * (len(self.starts) + 1)
        since = np.searchsorted(self.starts, start - HOUR_US, side="right")
        until = np.searchsorted(self.starts, start + HOUR_US, side="left")
        first, last = np.searchsorted(self.key, base + since), np.searchsorted(self.key, base + until)
        return Held(np.repeat(np.arange(len(start)), last - first), self.holder[spans(first, last)])


@dataclass(frozen=True, slots=True)
class Standing:
    """The holders: fixed appointments, movable ones where the plan leaves them, and bookings; ascending by start, id.

    Arrays have one entry per holder. `start` is in microseconds; `doctor`, `hospital` and `patient` are numbers of the
    columns (a patient may be UNKNOWN); `rank` is that of the seeker (MOVABLE for all appointments); `moved` marks
    appointments that are not where they were.
    """

    ids: tuple[str, ...]
    start: Ints
    doctor: Ints
    hospital: Ints
    patient: Ints
    rank: Ints
    moved: Bools
    of_doctor: Timeline
    of_patient: Timeline

    @property
    def stands(self) -> Bools:
        """Which holders are appointments at the hour that they had before."""
        stands: Bools = (self.rank == MOVABLE) & ~self.moved
        return stands

    @classmethod
    def after(cls, columns: Columns, plan: Bools) -> Self:
        """What stands once `plan` (a mask of candidates) is carried out."""
        chosen = columns.candidates.take(np.flatnonzero(plan))
        doctors, hospitals, patients = (
            {id_: number for number, id_ in enumerate(ids)}
            for ids in (columns.doctors, columns.hospitals, columns.patients)
        )
        names = [*(request.id for request in columns.requests), *(movable.id for movable in columns.movables)]
        ids = np.array([*(a.id for a in columns.fixed), *(names[s] for s in chosen.seeker.tolist())], dtype=object)
        still = np.zeros(len(columns.fixed), dtype=np.int64)
        start = _joined((micros(a.start) for a in columns.fixed), columns.moments.start[chosen.moment])
        order = np.array(sorted(range(len(ids)), key=lambda i: (start[i], ids[i])), dtype=np.int64)
        start = start[order]
        doctor = _joined((doctors[a.doctor] for a in columns.fixed), chosen.doctor)[order]
        patient = _joined((patients.get(a.patient, UNKNOWN) for a in columns.fixed), chosen.patient)[order]
        return cls(
            ids=tuple(ids[order]),
            start=start,
            doctor=doctor,
            hospital=_joined((hospitals[a.hospital] for a in columns.fixed), chosen.hospital)[order],
            patient=patient,
            rank=np.concatenate([still + MOVABLE, chosen.rank])[order],
            moved=np.concatenate([still > 0, chosen.moves])[order],
            of_doctor=Timeline.of(doctor, start),
            of_patient=Timeline.of(patient, start),
        )


def distinct(keys: Ints) -> Ints:
    """The distinct keys, ascending."""
    ordered = np.sort(keys)
    fresh = np.ones(len(ordered), dtype=np.bool_)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return ordered[fresh]


def _joined(of_fixed: Iterable[int], of_chosen: Ints) -> Ints:
    return np.concatenate([np.fromiter(of_fixed, dtype=np.int64), of_chosen])
