"""A problem as columns: numpy arrays with one entry per hour, per seeker, per candidate.

Words used only inside the planner:

- *moment*: an index into the ascending instants at which some hour may start;
- *seeker*: whoever needs an hour: a request, or a movable appointment (which may also stay where it is);
- *fixed* appointment: neither movable nor replaced by a request's `moves`, so its hour is gone for everybody.

Ids become numbers in the order of the ids, so that the order in which a file lists things decides nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from planner.candidates import MOVABLE, RANK, Candidates, Seekers, Wishes, candidates_of, together
from planner.hours import Bools, Hours, Ints, Moments, available_hours
from planner.instants import HOUR_US, micros
from planner.problem import Appointment, Problem, Request
from planner.pruning import LeftOut


@dataclass(frozen=True, slots=True)
class Columns:
    """Everything the stages after this one look at.

    `patients` are those of requests and movable appointments. `hours` are all available hours; `taken[h]` says that a
    fixed appointment of the doctor overlaps hour `h`; the others are the offers. `left_out`: what no plan needs of the
    candidates of a large problem (None: nothing).
    """

    requests: tuple[Request, ...]
    movables: tuple[Appointment, ...]
    fixed: tuple[Appointment, ...]
    doctors: tuple[str, ...]
    hospitals: tuple[str, ...]
    patients: tuple[str, ...]
    hospital_sets: Bools
    moments: Moments
    hours: Hours
    taken: Bools
    seekers: Seekers
    wishes: Wishes
    candidates: Candidates
    left_out: LeftOut | None = None


def columns(problem: Problem, *, whole: bool = False) -> Columns:
    """The columns of `problem`. Linear in hours and candidates, but for sorting.

    Of very many candidates those that no plan needs are left out (see `planner.pruning`), unless all are wanted:
    `whole`.
    """
    requests = tuple(sorted(problem.requests, key=lambda request: request.id))
    replaced = {request.moves for request in requests if request.moves is not None}
    standing = sorted((a for a in problem.appointments if a.id not in replaced), key=lambda a: a.id)
    movables = tuple(a for a in standing if a.movable)
    fixed = tuple(a for a in standing if not a.movable)
    doctors = {id_: number for number, id_ in enumerate(sorted(doctor.id for doctor in problem.doctors))}
    hospitals = {id_: number for number, id_ in enumerate(sorted(hospital.id for hospital in problem.hospitals))}

    doctor, hospital, start = available_hours(problem, doctors, hospitals)
    moments = Moments.of(np.concatenate([start, _micros(a.start for a in movables)]))
    hours = Hours(doctor, hospital, np.searchsorted(moments.start, start))
    gone = moments.overlapping(_ints(doctors[a.doctor] for a in fixed), _micros(a.start for a in fixed))
    taken = np.isin(moments.key(hours.doctor, hours.moment), gone)

    names = {request.patient for request in requests} | {appointment.patient for appointment in movables}
    patients = {name: number for number, name in enumerate(sorted(names))}
    seekers, hospital_sets = seekers_of(requests, movables, moments, patients, hospitals)
    wishes = wishes_of(problem, requests, movables, doctors)
    busy = [a for a in fixed if a.patient in patients]
    busy_at = moments.overlapping(_ints(patients[a.patient] for a in busy), _micros(a.start for a in busy))
    stays = _stays(movables, moments, seekers, doctors, hospitals, len(requests))
    offers = hours.take(~taken)
    found, left_out = candidates_of(offers, moments, seekers, wishes, hospital_sets, busy_at, whole=whole)
    candidates = together([found, stays])
    return Columns(
        requests, movables, fixed, tuple(doctors), tuple(hospitals), tuple(patients), hospital_sets,
        moments, hours, taken, seekers, wishes, candidates, left_out,
    )  # fmt: skip


def seekers_of(
    requests: tuple[Request, ...],
    movables: tuple[Appointment, ...],
    moments: Moments,
    patients: dict[str, int],
    hospitals: dict[str, int],
) -> tuple[Seekers, Bools]:
    """The seekers, and the sets of hospitals that they refer to: `[set, hospital]`, set 0 holding all of them."""
    sets: dict[frozenset[str] | None, int] = {None: 0}
    everybody: list[Request | Appointment] = [*requests, *movables]
    rows = [sets.setdefault(_hospital_set(seeker), len(sets)) for seeker in everybody]
    hospital_sets = np.zeros((len(sets), len(hospitals)), dtype=np.bool_)
    for chosen, number in sets.items():
        hospital_sets[number, [hospitals[id_] for id_ in (hospitals if chosen is None else chosen)]] = True
    earliest = [*(micros(r.earliest) for r in requests), *(_or_ever(a, -1) for a in movables)]
    latest = [*(micros(r.latest) for r in requests), *(_or_ever(a, 1) for a in movables)]
    start = moments.start
    seekers = Seekers(
        rank=_ints([*(RANK[r.priority] for r in requests), *(MOVABLE for _ in movables)]),
        patient=_ints([*(patients[r.patient] for r in requests), *(patients[a.patient] for a in movables)]),
        first=np.searchsorted(start, _ints(earliest), side="left"),
        last=np.searchsorted(start, _ints(latest) - HOUR_US, side="right"),
        preferred=_micros([*(r.preferred or r.earliest for r in requests), *(a.start for a in movables)]),
        hospitals=_ints(rows),
    )
    return seekers, hospital_sets


def _hospital_set(seeker: Request | Appointment) -> frozenset[str] | None:
    return None if seeker.hospitals is None else frozenset(seeker.hospitals)


def _or_ever(movable: Appointment, side: int) -> int:
    """The start (side -1) or end (side 1) of the appointment's window in microseconds; without one, beyond any year."""
    if movable.window is None:
        return side * 2**60
    return micros(movable.window.start if side < 0 else movable.window.end)


def wishes_of(
    problem: Problem, requests: tuple[Request, ...], movables: tuple[Appointment, ...], doctors: dict[str, int]
) -> Wishes:
    """Whom the seekers accept: the requests, then the movable appointments."""
    specialties = {doctor.id: doctor.specialties for doctor in problem.doctors}
    known: dict[tuple[object, ...], list[tuple[int, int]]] = {}
    rows: list[tuple[int, int, int]] = []
    for seeker, request in enumerate(requests):
        wish = (request.doctors, request.places, request.specialty)
        if wish not in known:
            places = acceptable_doctors(request, specialties)
            known[wish] = [(doctors[id_], places[id_]) for id_ in sorted(places, key=lambda id_: (places[id_], id_))]
        rows += [(seeker, doctor, place) for doctor, place in known[wish]]
    rows += [(len(requests) + i, doctors[a.doctor], 0) for i, a in enumerate(movables)]
    seeker_, doctor_, place_ = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Wishes(seeker_, doctor_, place_)


def acceptable_doctors(request: Request, specialties: dict[str, frozenset[str]]) -> dict[str, int]:
    """The doctors a request accepts and each one's place on its list, in that order.

    The place is the one given, or that in the list as given: a doctor left out for want of the specialty still counts
    one. Without a list everybody of the specialty (by id) has place 0. A doctor listed twice has the better place.
    """
    if request.doctors is None:
        return {
            doctor: 0
            for doctor in sorted(specialties)
            if request.specialty is None or request.specialty in specialties[doctor]
        }
    places: dict[str, int] = {}
    given = range(len(request.doctors)) if request.places is None else request.places
    for doctor, place in zip(request.doctors, given, strict=True):
        if request.specialty is None or request.specialty in specialties[doctor]:
            places.setdefault(doctor, place)
    return places


def _stays(  # the columns it writes index all of these
    movables: tuple[Appointment, ...],
    moments: Moments,
    seekers: Seekers,
    doctors: dict[str, int],
    hospitals: dict[str, int],
    offset: int,
) -> Candidates:
    """Each movable appointment's own hour, which may lie outside every availability: what stands may stay."""
    count = len(movables)
    seeker = np.arange(offset, offset + count)
    return Candidates(
        seeker=seeker,
        doctor=_ints(doctors[a.doctor] for a in movables),
        hospital=_ints(hospitals[a.hospital] for a in movables),
        moment=np.searchsorted(moments.start, _micros(a.start for a in movables)),
        cost=np.zeros(count, dtype=np.int64),
        moves=np.zeros(count, dtype=np.bool_),
        patient=seekers.patient[seeker],
        rank=seekers.rank[seeker],
    )


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _micros(instants: Iterable[datetime]) -> Ints:
    return _ints(micros(instant) for instant in instants)
