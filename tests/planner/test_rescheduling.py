"""Days that are lost: the displaced find hours, as few others as possible are moved, and as little as possible."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.plan import ConflictKind, Move, Plan, PlanStatus
from planner.problem import Appointment, Availability, Doctor, Period, Priority, Problem
from planner.solve import plan
from planner.verify import check
from tests.planner import mip
from tests.planner.brute_force import best_goals
from tests.planner.problems import appointment, at, available, hospital, problem, request

seeds = st.integers(0, 2**32)


def reached(made: Plan) -> tuple[int, ...]:
    return (*(made.objective.booked[p] for p in Priority), made.objective.moved, made.objective.inconvenience)


def best(given_: Problem) -> Plan:
    """The plan: right, and the best by its own word, goal by goal."""
    made = plan(given_)
    assert check(given_, made).violations == ()
    assert made.status == PlanStatus.OPTIMAL
    assert made.bound == made.objective
    return made


def proved(given_: Problem) -> Plan:
    """The same, and its prices prove every goal's bound."""
    made = best(given_)
    assert check(given_, made).proof.proved
    return made


def moves(made: Plan) -> dict[str, float]:
    """Who is moved, and to which hour after midnight."""
    return {move.appointment: (move.start - at(0)) / timedelta(hours=1) for move in made.moved}


def chained() -> Problem:
    """d9 is away. d1 could see its patient at 10:00, where a1 would have to make room; a1 may only go to 11:00, where
    a2 would, and a2 to 12:00.
    """
    return problem(
        [available("d1", 10, 13)],
        [request("r1", "p1", 10, 11, doctors=("d9", "d1"), places=(0, 0), moves="lost")],
        [
            appointment("lost", "d9", "p1", 10),
            appointment("a1", "d1", "p2", 10, movable=True, window=Period(at(10), at(12))),
            appointment("a2", "d1", "p3", 11, movable=True, window=Period(at(10), at(13))),
        ],
        doctors=[Doctor("d1", frozenset()), Doctor("d9", frozenset())],
    )


def swapped() -> Problem:
    """The patient could be seen at 10:00 but for a1, an appointment of the same patient; its doctor's other hour is
    taken by a2. Only if the two change places is the patient free.
    """
    return problem(
        [available("d1", 10, 12), available("d2", 10, 11)],
        [request("r1", "p1", 10, 11, doctors=("d9", "d2"), moves="lost")],
        [
            appointment("lost", "d9", "p1", 14),
            appointment("a1", "d1", "p1", 10, movable=True),
            appointment("a2", "d1", "p2", 11, movable=True),
        ],
        doctors=[Doctor(name, frozenset()) for name in ("d1", "d2", "d9")],
    )


def held(given_: Problem, *ids: str) -> Problem:
    """The same with these appointments where they are."""
    kept = (replace(a, movable=False) if a.id in ids else a for a in given_.appointments)
    return replace(given_, appointments=tuple(kept))


@pytest.mark.parametrize(("linked", "to"), [(chained, {"a1": 11, "a2": 12}), (swapped, {"a1": 11, "a2": 10})])
def test_two_linked_moves_are_found_where_one_alone_is_impossible(linked, to: dict[str, float]) -> None:
    made = proved(linked())
    assert [booking.request for booking in made.bookings] == ["r1"]
    assert moves(made) == to
    assert reached(made) == best_goals(linked())
    for one in to:
        assert proved(held(linked(), one)).moved == ()
        assert [conflict.request for conflict in proved(held(linked(), one)).conflicts] == ["r1"]


def test_one_appointment_moved_far_is_better_than_two_moved_a_little() -> None:
    """a1 may not go to h2: so either it goes to the evening, or a2 goes to h2 and a1 to the hour that a2 leaves."""
    lost, a1, a2 = chained().appointments
    given_ = replace(
        chained(),
        hospitals=(hospital("h1"), hospital("h2")),
        availabilities=(available("d1", 10, 12), available("d1", 12, 13, "h2"), available("d1", 20, 21)),
        appointments=(lost, replace(a1, window=None, hospitals=("h1",)), a2),
    )
    made = proved(given_)
    assert moves(made) == {"a1": 20}
    assert made.objective.inconvenience == 10
    assert reached(made) == best_goals(given_)


def test_of_as_many_moves_the_least_shift_is_chosen() -> None:
    """Either of two can make room for the displaced one; the other's next hour is nearer."""
    given_ = problem(
        [available("d1", 10, 12), available("d1", 13, 14)],
        [request("r1", "p1", 10, 12, doctors=("d9", "d1"), moves="lost", preferred=at(11))],
        [
            appointment("lost", "d9", "p1", 11),
            appointment("a1", "d1", "p2", 10, movable=True),
            appointment("a2", "d1", "p3", 11, movable=True),
        ],
        doctors=[Doctor("d1", frozenset()), Doctor("d9", frozenset())],
    )
    made = proved(given_)
    assert moves(made) == {"a2": 13}
    assert made.objective.inconvenience == 2 + 24
    assert reached(made) == best_goals(given_)


def test_nobody_is_moved_for_an_hour_that_is_merely_nearer() -> None:
    given_ = problem(
        [available("d1", 10, 11), available("d1", 22, 24)],
        [request("r1", "p1", 10, 24, doctors=("d9", "d1"), moves="lost")],
        [appointment("lost", "d9", "p1", 10), appointment("a1", "d1", "p2", 10, movable=True)],
        doctors=[Doctor("d1", frozenset()), Doctor("d9", frozenset())],
    )
    made = proved(given_)
    assert made.moved == ()
    assert [booking.start for booking in made.bookings] == [at(22)]


def test_hours_that_the_displaced_leave_are_there_for_one_another() -> None:
    """The hospital closes early: two of one doctor's patients can only change places with each other."""
    given_ = problem(
        [available("d1", 10, 12)],
        [
            request("r1", "p1", 11, 12, doctors=("d1",), moves="a1"),
            request("r2", "p2", 10, 11, doctors=("d1",), moves="a2"),
        ],
        [appointment("a1", "d1", "p1", 10), appointment("a2", "d1", "p2", 11)],
    )
    assert {(b.request, b.start) for b in proved(given_).bookings} == {("r1", at(11)), ("r2", at(10))}


def test_who_is_left_over_is_told_which_moved_appointment_has_the_hour() -> None:
    given_ = problem(
        [available("d1", 10, 12)],
        [
            request("r0", "p0", 10, 11, doctors=("d1",), priority=Priority.SOON, moves="lost0"),
            request("r1", "p1", 11, 12, doctors=("d1",), moves="lost1"),
        ],
        [
            appointment("lost0", "d9", "p0", 9),
            appointment("lost1", "d9", "p1", 10),
            appointment("a1", "d1", "p9", 10, movable=True),
        ],
        doctors=[Doctor("d1", frozenset()), Doctor("d9", frozenset())],
    )
    [conflict] = proved(given_).conflicts
    assert (conflict.request, conflict.kind) == ("r1", ConflictKind.OUTCOMPETED)
    assert [moved["appointment"] for moved in conflict.facts["moved"]] == ["a1"]


def lost_day(seed: int, doctors: int = 2, displaced: int = 3, others: int = 5) -> Problem:
    """One of `doctors` + 1 is away; who was to be seen by d0 may be seen by anybody, all others alike but d0 first.

    The others are nearly booked out, their appointments movable within some hours or at some hospitals; some patients
    have two appointments.
    """
    rng = random.Random(seed)
    hospitals = [hospital("h0"), hospital("h1", rng.choice(["UTC", "Asia/Kolkata"]))]
    staff = [f"d{i}" for i in range(doctors + 1)]
    patients = [f"p{i}" for i in range(displaced + others)]
    hours: list[Availability] = []
    for name in staff[1:]:
        where = rng.choice(hospitals)
        begin = rng.choice([9, 10]) + (0.5 if where.timezone == "Asia/Kolkata" else 0)
        hours.append(available(name, begin, begin + max(2, (displaced + others) // doctors), where.id))
    standing = [appointment(f"lost{i}", staff[0], f"p{i}", 9 + i, hospital="h0") for i in range(displaced)]
    standing += _others(rng, hours, standing, [*patients, *patients[:2]], others)
    names = [where.id for where in hospitals]
    requests = []
    for number in range(displaced):
        soonest = 9 + number - rng.choice([0, 0, 1])
        requests.append(
            request(
                f"r{number}",
                f"p{number}",
                soonest,
                soonest + rng.choice([1, 2, 3]),
                priority=rng.choice([Priority.SOON, Priority.ROUTINE]),
                doctors=tuple(staff),
                places=(0, *[1] * doctors),
                hospitals=rng.choice([None, None, tuple(rng.sample(names, 1))]),
                preferred=at(9 + number),
                moves=f"lost{number}",
            )
        )
    return problem(hours, requests, standing, hospitals, [Doctor(name, frozenset()) for name in staff])


def _others(
    rng: random.Random, hours: list[Availability], standing: list[Appointment], patients: list[str], many: int
) -> list[Appointment]:
    free = [(held.doctor, held.hospital, held.start + timedelta(hours=i)) for held in hours for i in range(4)]
    free = [
        place
        for place in free
        if any(a.doctor == place[0] and a.start <= place[2] < a.end - timedelta(minutes=59) for a in hours)
    ]
    found: list[Appointment] = []
    for doctor, where, start in rng.sample(free, min(len(free), many)):
        patient = rng.choice(patients)
        if any(a.patient == patient and abs(a.start - start) < timedelta(hours=1) for a in (*standing, *found)):
            continue
        window = Period(start - timedelta(hours=rng.choice([0, 0, 1])), start + timedelta(hours=rng.choice([1, 2, 2])))
        bound_to = rng.choice([None, None, None, (where,), ("h0",)])
        movable = rng.random() < 0.9
        found.append(Appointment(f"a{len(found)}", doctor, where, patient, start, movable, window, bound_to))
    return found


@settings(max_examples=150, deadline=None)
@given(seeds)
def test_a_lost_day_is_made_good_as_well_as_trying_everything_finds(seed: int) -> None:
    given_ = lost_day(seed)
    assert reached(best(given_)) == best_goals(given_)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_a_lost_week_is_made_good_as_well_as_an_independent_program_finds(seed: int) -> None:
    given_ = lost_day(seed, doctors=6, displaced=12, others=20)
    assert reached(best(given_)) == mip.best(given_)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_nobody_is_moved_where_all_who_are_booked_could_be_without(seed: int) -> None:
    given_ = lost_day(seed)
    made = best(given_)
    still = best(held(given_, *(a.id for a in given_.appointments)))
    assert made.objective.moved == 0 or still.objective.booked != made.objective.booked


def test_prices_prove_every_goal_of_nearly_every_lost_day() -> None:
    """Not of all: where clocks are half an hour apart, fractions of plans can gain more than any plan."""
    days = [lost_day(seed) for seed in range(120)]
    assert sum(check(day, plan(day)).proof.proved for day in days) >= 118


def test_days_are_tried_that_need_linked_moves_and_days_that_need_no_moves() -> None:
    """Else the tests above would be content with a planner that never links two moves, or always moves somebody."""
    needed = [_moves_needed(lost_day(seed)) for seed in range(400)]
    assert needed.count(0) > 10
    assert needed.count(1) > 10
    assert needed.count(2) > 10


def _moves_needed(given_: Problem) -> int:
    """How many appointments the best plan moves; 1 also where one alone would book as many."""
    goals = best_goals(given_)
    if goals[3] < 2:
        return goals[3]
    movables = [a.id for a in given_.appointments if a.movable]
    alone = (best_goals(held(given_, *(id_ for id_ in movables if id_ != one))) for one in movables)
    return 1 if any(other[:3] == goals[:3] for other in alone) else 2


def test_a_move_that_nobody_needs_is_found() -> None:
    """The negative control for `best`: a plan that moves somebody for nothing does not pass for it."""
    standing = [appointment("a1", "d1", "p2", 10, movable=True)]
    given_ = problem([available("d1", 9, 12)], [request("r1", "p1", 9, 10)], standing)
    made = proved(given_)
    one_more = replace(made.objective, moved=1, inconvenience=1)
    needless = replace(made, moved=(Move("a1", "d1", "h1", at(11)),), objective=one_more, bound=one_more)
    assert {violation.code for violation in check(given_, made).violations} == set()
    assert check(given_, needless).proof.proved is False
