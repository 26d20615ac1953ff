"""Appointments whose replacement was refused and whose hour went to somebody else."""

from dataclasses import replace

from planner.displaced import displaced
from planner.problem import Priority, Problem
from planner.solve import plan
from planner.verify import verify
from tests.planner.problems import appointment, available, problem, request


def crowded() -> Problem:
    """r1 wants to leave 10:00 for 9:00; an urgent request takes 9:00, another one 10:00."""
    return problem(
        [available("d1", 9, 11)],
        [
            request("r1", "p1", 9, 10, moves="a1"),
            request("r2", "p2", 9, 10, priority=Priority.URGENT),
            request("r3", "p3", 10, 11),
        ],
        [appointment("a1", "d1", "p1", 10)],
    )


def test_the_hour_of_a_replaced_appointment_is_free_even_if_its_request_is_refused() -> None:
    made = plan(crowded())
    assert verify(crowded(), made) == ()
    assert {booking.request for booking in made.bookings} == {"r2", "r3"}
    assert displaced(crowded(), made) == ("a1",)


def test_planned_without_its_request_the_appointment_stands() -> None:
    without = replace(crowded(), requests=crowded().requests[1:])
    made = plan(without)
    assert {booking.request for booking in made.bookings} == {"r2"}
    assert displaced(without, made) == ()


def test_an_appointment_whose_hour_nobody_takes_is_not_displaced() -> None:
    quiet = replace(crowded(), requests=crowded().requests[:2])
    made = plan(quiet)
    assert {booking.request for booking in made.bookings} == {"r2"}
    assert displaced(quiet, made) == ()
