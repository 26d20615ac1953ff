"""Which waiting requests can be booked as things are: in turn, each with all who were promised an hour before."""

import random
from dataclasses import replace
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.model import Solver
from planner.problem import Priority, Problem
from planner.promotion import promoted
from tests.planner.brute_force import bookable_hours
from tests.planner.mip import inconvenience
from tests.planner.problems import HOUR, appointment, at, available, hospital, problem, request, small

seeds = st.integers(0, 2**32)
Option = tuple[str, str, str, datetime, int]


def turns(given_: Problem, seed: int = 0) -> list[str]:
    """By priority, then in any order."""
    ids = [each.id for each in given_.requests]
    random.Random(seed).shuffle(ids)
    priority = {each.id: list(Priority).index(each.priority) for each in given_.requests}
    return sorted(ids, key=lambda id_: priority[id_])


def options(given_: Problem, id_: str) -> list[Option]:
    """Doctor, patient, hospital, start and inconvenience of every hour that a request could be given at once."""
    wish = next(each for each in given_.requests if each.id == id_)
    return [
        (doctor, wish.patient, where, start, cost)
        for doctor, where, start in sorted(bookable_hours(given_))
        if (cost := inconvenience(given_, wish, doctor, where, start)) is not None
        and not any(
            (doctor, start) == (a.doctor, a.start)
            if a.id == wish.moves
            else abs(a.start - start) < HOUR and (a.doctor == doctor or a.patient == wish.patient)
            for a in given_.appointments
        )
    ]


def least(choices: list[list[Option]], taken: tuple[Option, ...] = ()) -> int | None:
    """The least inconvenience of one hour for each; None where they cannot all have one."""
    if not choices:
        return 0
    found = []
    for option in choices[0]:
        if not any(abs(option[3] - t[3]) < HOUR and (option[0] == t[0] or option[1] == t[1]) for t in taken):
            rest = least(choices[1:], (*taken, option))
            found += [] if rest is None else [option[4] + rest]
    return min(found, default=None)


def expected(given_: Problem, order: list[str]) -> list[str]:
    chosen: list[str] = []
    for id_ in order:
        if least([options(given_, each) for each in [*chosen, id_]]) is not None:
            chosen.append(id_)
    return chosen


def booked(given_: Problem, order: list[str] | None = None) -> dict[str, tuple[str, float]]:
    """By request, in turn: the doctor, and the hour after midnight."""
    answer = promoted(given_, order or turns(given_), solver=Solver())
    assert answer.proved
    return {each.request: (each.doctor, (each.start - at(0)) / HOUR) for each in answer.bookings}


@settings(max_examples=150, deadline=None)
@given(seeds)
def test_who_is_promised_an_hour_is_who_still_fits_when_their_turn_comes(seed: int) -> None:
    """Zones an odd number of minutes apart, patients with several requests, requests that move appointments."""
    given_ = small(seed)
    given_ = replace(given_, appointments=tuple(replace(each, movable=False) for each in given_.appointments))
    order = turns(given_, seed)
    answer = promoted(given_, order, solver=Solver())
    assert answer.proved
    assert [each.request for each in answer.bookings] == expected(given_, order)
    every = {id_: options(given_, id_) for id_ in order}
    told = [
        next(o for o in every[each.request] if (o[0], o[2], o[3]) == (each.doctor, each.hospital, each.start))
        for each in answer.bookings
    ]
    assert least([[each] for each in told]) == least([every[each.request] for each in answer.bookings])


def queue(seed: int) -> Problem:
    """Many requests of one clock for few hours, each of another patient: nothing crosses."""
    rng = random.Random(seed)
    names = ["d1", "d2", "d3"]
    availabilities = [available(name, start := rng.randint(8, 11), start + rng.randint(1, 2)) for name in names]
    requests = []
    for number in range(10):
        start = rng.randint(8, 11)
        requests.append(
            request(
                f"r{number}", f"p{number}", start, start + rng.randint(1, 3), priority=rng.choice(list(Priority)),
                doctors=rng.choice([None, tuple(rng.sample(names, 2))]),
            )
        )  # fmt: skip
    return problem(availabilities, requests)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_nor_does_anybody_jump_the_queue_where_nothing_crosses(seed: int) -> None:
    given_ = queue(seed)
    order = turns(given_, seed)
    assert list(booked(given_, order)) == expected(given_, order)


def test_the_oldest_gets_the_hour_though_it_would_suit_others_better() -> None:
    given_ = problem(
        [available("d1", 9, 10)],
        [request("r1", "p1", 9, 10), request("r2", "p2", 9, 10, preferred=at(4)), request("r3", "p3", 9, 10)],
    )
    assert booked(given_, ["r2", "r1", "r3"]) == {"r2": ("d1", 9)}


def test_a_turn_is_not_given_up_for_two_who_come_later() -> None:
    """r1 keeps both others away: they are of one patient, or overlap it in part."""
    given_ = problem(
        [available("d1", 10, 11, "h2"), available("d1", 9.5, 11.5)],
        [
            request("r1", "p1", 10, 11, hospitals=("h2",)),
            request("r2", "p2", 9.5, 10.5, hospitals=("h1",)),
            request("r3", "p3", 10.5, 11.5, hospitals=("h1",)),
        ],
        hospitals=[hospital("h1", "Asia/Kolkata"), hospital("h2", "UTC")],
    )
    assert booked(given_, ["r1", "r2", "r3"]) == {"r1": ("d1", 10)}
    assert booked(given_, ["r3", "r1", "r2"]) == {"r3": ("d1", 10.5), "r2": ("d1", 9.5)}


def test_one_patient_is_not_promised_two_hours_at_once() -> None:
    given_ = problem(
        [available("d1", 9, 10), available("d2", 9, 10)],
        [request("r1", "p1", 9, 10, doctors=("d1",)), request("r2", "p1", 9, 10, doctors=("d2",))],
    )
    assert booked(given_, ["r2", "r1"]) == {"r2": ("d2", 9)}


def test_hours_are_those_of_the_least_inconvenience() -> None:
    given_ = problem([available("d1", 9, 12)], [request("r1", "p1", 9, 12, preferred=at(11))])
    assert booked(given_) == {"r1": ("d1", 11)}


def test_an_hour_that_an_appointment_still_has_is_promised_to_nobody() -> None:
    """a1 leaves nine o'clock when r1 is booked; r2 cannot be booked before."""
    given_ = problem(
        [available("d1", 9, 11)],
        [request("r1", "p1", 9, 11, moves="a1"), request("r2", "p2", 9, 10)],
        [appointment("a1", "d1", "p1", 9)],
    )
    assert booked(given_) == {"r1": ("d1", 10)}


def test_a_patient_may_leave_an_appointment_for_an_hour_at_the_same_time() -> None:
    given_ = problem(
        [available("d1", 9, 10), available("d2", 9, 10)],
        [request("r1", "p1", 9, 10, doctors=("d2",), moves="a1")],
        [appointment("a1", "d1", "p1", 9)],
    )
    assert booked(given_) == {"r1": ("d2", 9)}


def test_nobody_is_promised_anything_where_no_hour_is_free() -> None:
    taken = problem([available("d1", 9, 10)], [request("r1", "p1", 9, 10)], [appointment("a1", "d1", "p9", 9)])
    assert booked(taken) == {}
    assert booked(problem([available("d1", 9, 10)], [])) == {}


def test_what_there_was_no_time_for_is_not_called_proved() -> None:
    given_ = queue(3)
    answer = promoted(given_, turns(given_), time_limit=0.0)
    assert not answer.proved
    assert {each.request for each in answer.bookings} < {each.id for each in given_.requests}
