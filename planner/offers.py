"""Who accepts which offers, and who has them: what certificates that count offers are made of."""

from typing import Self

import numpy as np

from planner.candidates import Accepted, Wishes, accepted
from planner.columns import Columns
from planner.hours import Bools, Ints
from planner.proof import InstantPrices
from planner.rules import numbered
from planner.walks import NOBODY, Claims
from planner.weighing import Weighted


class Offers:
    """The offers that seekers accept, and the hours that movable appointments have; each is a thing of `claims`.

    Offers count as accepted even where the patient is busy, because a certificate names *all* offers that its requests
    accept. Offers that overlap another offer of the doctor are no use for counting: NOBODY holds them.
    `doctor`, `hospital` and `moment` have one entry per thing.
    """

    def __init__(self, claims: Claims, doctor: Ints, hospital: Ints, moment: Ints) -> None:
        self.claims, self.doctor, self.hospital, self.moment = claims, doctor, hospital, moment

    @classmethod
    def of(cls, columns: Columns, plan: Bools) -> Self:
        """The offers under `plan` (a mask of candidates)."""
        moments, candidates = columns.moments, columns.candidates
        more = _while_busy(columns)
        seeker = np.concatenate([candidates.seeker, more.seeker])
        key = np.concatenate([
            moments.key(candidates.doctor, candidates.moment), moments.key(more.hours.doctor, more.hours.moment)
        ])  # fmt: skip
        keys, thing = numbered(key)
        hospital = np.zeros(len(keys), dtype=np.int64)
        hospital[thing] = np.concatenate([candidates.hospital, more.hours.hospital])
        holder = np.full(len(keys), NOBODY, dtype=np.int64)
        holder[thing[: len(plan)][plan]] = candidates.seeker[plan]
        holder[_crowded(keys, columns)] = NOBODY
        if len(more.seeker):
            order = np.argsort(seeker, kind="stable")
            seeker, thing = seeker[order], thing[order]
        return cls(Claims(seeker, thing, holder), keys // (len(moments) + 1), hospital, keys % (len(moments) + 1))

    def as_instants(self) -> Weighted:
        """The same things as instants that weigh 1 each: the starts of the hours."""
        nothing = np.zeros(0, dtype=np.int64)
        return Weighted(
            InstantPrices(self.doctor, self.moment, np.ones_like(self.moment)),
            InstantPrices(nothing, nothing, nothing),
        )


def _while_busy(columns: Columns) -> Accepted:
    """The offers accepted by requests of patients with fixed appointments: those that overlap one are no candidates."""
    busy = {appointment.patient for appointment in columns.fixed}
    concerned = np.zeros(len(columns.seekers.rank), dtype=np.bool_)
    concerned[[number for number, request in enumerate(columns.requests) if request.patient in busy]] = True
    which = concerned[columns.wishes.seeker]
    wishes = Wishes(columns.wishes.seeker[which], columns.wishes.doctor[which], columns.wishes.place[which])
    offers = columns.hours.take(~columns.taken)
    return accepted(offers, columns.moments, columns.seekers, wishes, columns.hospital_sets)


def _crowded(keys: Ints, columns: Columns) -> Bools:
    """Which of the (doctor, moment) are offered at two hospitals, or overlap another one or an offer of the doctor."""
    moments = columns.moments
    offers = columns.hours.take(~columns.taken)
    offered = moments.key(offers.doctor, offers.moment)
    twice = offered[1:][offered[1:] == offered[:-1]]
    every = np.union1d(keys, offered)
    doctor, moment = np.divmod(every, len(moments) + 1)
    begun = np.searchsorted(every, moments.key(doctor, moments.overlap_from[moment]))
    crowded = np.isin(every, twice) | (begun < np.arange(len(every)))
    crowded[:-1] |= begun[1:] < np.arange(1, len(every))
    return crowded[np.searchsorted(every, keys)]
