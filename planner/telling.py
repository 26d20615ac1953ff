"""Certificates as JSON values; the shapes are in docs/planning-problem.md."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from planner.columns import Columns
from planner.hours import Ints
from planner.instants import LocalClock, instant
from planner.offers import Offers
from planner.problem import Problem
from planner.weighing import Weighted

Certificate = dict[str, Any]  # JSON values


class Teller:
    """Tells seekers, offers and instants; an offer is told once and referred to as often as it is needed."""

    def __init__(self, problem: Problem, columns: Columns) -> None:
        self._columns = columns
        self._zones = {hospital.id: LocalClock(hospital.timezone).zone for hospital in problem.hospitals}
        self._offer = cache(self._told_offer)
        self._local = cache(self._told_start)
        self._utc = cache(lambda us: instant(us).isoformat())

    def by_offers(self, members: Ints, offers: Offers, things: Ints, named: Iterable[int]) -> Certificate:
        """Requests, and the offers that they have."""
        told = [
            self._offer(*place)
            for place in zip(
                offers.doctor[things].tolist(), offers.hospital[things].tolist(), offers.moment[things].tolist(),
                strict=True,
            )
        ]  # fmt: skip
        return {"rule": "offers", "requests": self._ids(members)[0], "offers": told} | self._with(named)

    def by_instants(
        self, members: Ints, weighted: Weighted, named: Iterable[int] = (), rule: str | None = None
    ) -> Certificate:
        """Seekers and weighted instants; the rule is named for what is among them, or `rule` if that is given."""
        requests, appointments = self._ids(members)
        instants = [*self._of_doctors(weighted), *self._of_patients(weighted, members)]
        if rule is None:
            rule = "patient" if len(weighted.patient.price) else "movable" if appointments else "overlap"
        told = {"rule": rule, "requests": requests, "appointments": appointments, "instants": instants}
        return told | self._with(named)

    def by_name(self, rule: str, members: Ints, named: Iterable[int] = ()) -> Certificate:
        """Seekers alone."""
        requests, appointments = self._ids(members)
        return {"rule": rule, "requests": requests, "appointments": appointments} | self._with(named)

    def _with(self, named: Iterable[int]) -> Certificate:
        ids = [self._columns.requests[number].id for number in named]
        return {"with": ids} if ids else {}

    def _ids(self, seekers: Ints) -> tuple[list[str], list[str]]:
        """The ids of requests, and of movable appointments; `seekers` ascend, and so do ids."""
        count = len(self._columns.requests)
        requests = [self._columns.requests[number].id for number in seekers[seekers < count].tolist()]
        movables = [self._columns.movables[number - count].id for number in seekers[seekers >= count].tolist()]
        return requests, movables

    def _told_offer(self, doctor: int, hospital: int, moment: int) -> Certificate:
        columns = self._columns
        start = self._local(moment, hospital)
        return {"doctor": columns.doctors[doctor], "hospital": columns.hospitals[hospital], "start": start}

    def _told_start(self, moment: int, hospital: int) -> str:
        zone = self._zones[self._columns.hospitals[hospital]]
        return instant(int(self._columns.moments.start[moment]), zone).isoformat()

    def _of_doctors(self, weighted: Weighted) -> Iterable[Certificate]:
        of = weighted.doctor
        for owner, moment, weight in zip(of.owner.tolist(), of.moment.tolist(), of.price.tolist(), strict=True):
            yield self._at(moment) | {"doctor": self._columns.doctors[owner]} | self._weight(weight)

    def _of_patients(self, weighted: Weighted, members: Ints) -> Iterable[Certificate]:
        """Patients are called by the first of their seekers among the members: nobody is told who they are."""
        seekers, of = self._columns.seekers, weighted.patient
        first = dict(zip(seekers.patient[members[::-1]].tolist(), members[::-1].tolist(), strict=True))
        count = len(self._columns.requests)
        for owner, moment, weight in zip(of.owner.tolist(), of.moment.tolist(), of.price.tolist(), strict=True):
            seeker = first[owner]
            if seeker < count:
                told = {"patient_of_request": self._columns.requests[seeker].id}
            else:
                told = {"patient_of_appointment": self._columns.movables[seeker - count].id}
            yield self._at(moment) | told | self._weight(weight)

    def _at(self, moment: int) -> Certificate:
        return {"at": self._utc(int(self._columns.moments.start[moment]))}

    @staticmethod
    def _weight(weight: int) -> Certificate:
        return {} if weight == 1 else {"weight": weight}
