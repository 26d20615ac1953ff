"""Who holds which hour once a plan is carried out."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from planner.columns import MOVABLE, Columns
from planner.hours import Bools
from planner.instants import HOUR_US, micros


class Holder(NamedTuple):
    """An hour that is taken: by a request just booked, by an appointment that stands or by one that was moved there.

    `start` is in microseconds, `rank` that of the seeker (0 for appointments). A tuple, because explaining a full
    schedule compares and hashes millions of them.
    """

    start: int
    id: str
    doctor: str
    hospital: str
    patient: str
    rank: int
    moved: bool = False

    @property
    def stands(self) -> bool:
        """Whether it is an appointment at the hour that it had before."""
        return self.rank == MOVABLE and not self.moved


class Standing:
    """All holders, to be found by doctor or by patient and the hour that they overlap."""

    def __init__(self, holders: Iterable[Holder]) -> None:
        self.holders = sorted(holders)
        self._of_doctor = _Timeline((h.doctor, h) for h in self.holders)
        self._of_patient = _Timeline((h.patient, h) for h in self.holders)

    @classmethod
    def after(cls, columns: Columns, plan: Bools) -> "Standing":
        """What stands once `plan` (a mask of candidates) is carried out."""
        holders = [Holder(micros(a.start), a.id, a.doctor, a.hospital, a.patient, MOVABLE) for a in columns.fixed]
        chosen = columns.candidates.take(np.flatnonzero(plan))
        booked = len(columns.requests)
        rows = (chosen.seeker, chosen.doctor, chosen.hospital, columns.moments.start[chosen.moment], chosen.moves)
        for seeker, doctor, hospital, start, moves in zip(*(row.tolist() for row in rows), strict=True):
            who = columns.requests[seeker] if seeker < booked else columns.movables[seeker - booked]
            rank = int(columns.seekers.rank[seeker])
            place = (columns.doctors[doctor], columns.hospitals[hospital])
            holders.append(Holder(start, who.id, *place, who.patient, rank, moves))
        return cls(holders)

    def of_doctor(self, doctor: str, start: int) -> tuple[Holder, ...]:
        """The holders that overlap the hour at `start` (microseconds) and need the doctor."""
        return self._of_doctor.overlapping(doctor, start)

    def of_patient(self, patient: str, start: int) -> tuple[Holder, ...]:
        """The holders that overlap the hour at `start` (microseconds) and need the patient."""
        return self._of_patient.overlapping(patient, start)

    def held_by(self, patient: str) -> tuple[Holder, ...]:
        """Everything that needs the patient."""
        return self._of_patient.all_of(patient)


class _Timeline:
    def __init__(self, owned: Iterable[tuple[str, Holder]]) -> None:
        self._holders: defaultdict[str, list[Holder]] = defaultdict(list)
        for owner, holder in owned:
            self._holders[owner].append(holder)
        self._starts = {owner: [holder.start for holder in held] for owner, held in self._holders.items()}

    def overlapping(self, owner: str, start: int) -> tuple[Holder, ...]:
        starts = self._starts.get(owner)
        if starts is None:
            return ()
        return tuple(self._holders[owner][bisect_right(starts, start - HOUR_US) : bisect_left(starts, start + HOUR_US)])

    def all_of(self, owner: str) -> tuple[Holder, ...]:
        return tuple(self._holders.get(owner, ()))
