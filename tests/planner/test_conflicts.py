"""Why a request was refused: each kind, its facts, and that these are enough and none too many."""

import random
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner.evidence import least_proof, least_proofs
from planner.plan import Conflict, ConflictKind
from planner.problem import Availability, Period, Priority, Problem
from planner.solve import plan
from planner.standing import Held
from planner.verify import verify
from tests.planner.problems import appointment, at, available, hospital, problem, request, small


def refused(given_: Problem, id_: str = "r1") -> Conflict:
    made = plan(given_)
    assert verify(given_, made) == ()
    return next(conflict for conflict in made.conflicts if conflict.request == id_)


def test_hospital_closed_tells_the_next_opening() -> None:
    openings = [hospital("h1", "Europe/Lisbon", (9, 12), (33, 36)), hospital("h2", "Europe/Lisbon", (9, 40))]
    given_ = problem([available("d1", 9, 12)], [request("r1", "p1", 12, 20, hospitals=("h1",))], hospitals=openings)
    conflict = refused(given_)
    assert conflict.kind == ConflictKind.HOSPITAL_CLOSED
    assert conflict.facts == {
        "hospitals": ["h1"],
        "window": {"earliest": at(12).isoformat(), "latest": at(20).isoformat()},
        "next_opening": {
            "hospital": "h1",
            "start": at(33).isoformat(),
            "end": at(36).isoformat(),
            "first_hour": at(33).isoformat(),
        },
    }
    assert "The next whole hour is Wed 2 Dec 2026 09:00 (Europe/Lisbon) at h1." in conflict.message


@pytest.mark.parametrize(("start", "end"), [(9, 9), (9, 9.75), (9.5, 10.25), (11.5, 12.5)])
def test_a_window_without_a_whole_hour_is_closed(start: float, end: float) -> None:
    given_ = problem(
        [available("d1", 9, 12)], [request("r1", "p1", start, end)], hospitals=[hospital("h1", "UTC", (9, 12))]
    )
    assert refused(given_).kind == ConflictKind.HOSPITAL_CLOSED


def test_no_acceptable_hospital_is_closed_for_good() -> None:
    conflict = refused(problem([available("d1", 9, 12)], [request("r1", "p1", 9, 12, hospitals=())]))
    assert (conflict.kind, conflict.facts["hospitals"], conflict.facts["next_opening"]) == ("hospital_closed", [], None)


def test_no_availability_tells_the_nearest_one() -> None:
    given_ = problem(
        [available("d1", 9, 12), available("d1", 30, 32), available("d2", 13, 18)],
        [request("r1", "p1", 14, 24, doctors=("d1",))],
    )
    conflict = refused(given_)
    assert conflict.kind == ConflictKind.NO_AVAILABILITY
    assert conflict.facts["doctors"] == ["d1"]
    assert conflict.facts["hospitals"] == ["h1"]
    assert conflict.facts["nearest_availability"] == {
        "doctor": "d1",
        "hospital": "h1",
        "start": at(9).isoformat(),
        "end": at(12).isoformat(),
    }
    there = replace(given_, availabilities=(*given_.availabilities, available("d1", 15, 16)))
    assert plan(there).conflicts == (), "the doctor named, available at the hospital named, is all that it takes"


@pytest.mark.parametrize("wish", [{"doctors": ()}, {"specialty": "unheard of"}])
def test_nobody_to_ask_is_no_availability(wish: dict) -> None:
    conflict = refused(problem([available("d1", 9, 12)], [request("r1", "p1", 9, 12, **wish)]))
    assert (conflict.kind, conflict.facts["doctors"]) == (ConflictKind.NO_AVAILABILITY, [])
    assert conflict.facts["nearest_availability"] is None


def test_hours_taken_names_the_appointments_that_hold_them_and_no_others() -> None:
    standing = [appointment(f"a{hour}", "d1", f"q{hour}", hour) for hour in (9, 10, 11)]
    given_ = problem([available("d1", 9, 12)], [request("r1", "p1", 10, 12)], standing)
    conflict = refused(given_)
    assert conflict.kind == ConflictKind.HOURS_TAKEN
    assert [fact["id"] for fact in conflict.facts["appointments"]] == ["a10", "a11"]
    assert "q10" not in str(conflict), "who another patient is stays untold"
    for gone in ("a10", "a11"):
        rest = tuple(a for a in standing if a.id != gone)
        assert plan(replace(given_, appointments=rest)).conflicts == (), "without any one of them an hour is free"


def test_of_two_appointments_that_hold_the_same_hour_facts_name_what_it_takes_to_free_one() -> None:
    """10:30 is held by 10:00 and by 11:00; both must go for it to be free."""
    given_ = problem(
        [available("d1", 4, 6), available("d1", 4.5, 5.5, "h2")],
        [request("r1", "p1", 4, 6, hospitals=("h2",))],
        [appointment("a1", "d1", "q1", 4), appointment("a2", "d1", "q2", 5)],
        [hospital("h1"), hospital("h2", "Asia/Kolkata")],
    )
    assert [fact["id"] for fact in refused(given_).facts["appointments"]] == ["a1", "a2"]


def test_patient_busy_names_the_patients_own_appointments() -> None:
    standing = [appointment("a1", "d2", "p1", 10), appointment("a2", "d2", "p1", 15), appointment("a3", "d1", "q", 11)]
    given_ = problem(
        [available("d1", 9, 18), available("d2", 9, 18)], [request("r1", "p1", 10, 12, doctors=("d1",))], standing
    )
    conflict = refused(given_)
    assert conflict.kind == ConflictKind.PATIENT_BUSY
    assert [fact["id"] for fact in conflict.facts["appointments"]] == ["a1"]
    assert "Tue 1 Dec 2026 10:00 (Europe/Lisbon)" in conflict.message


def test_outcompeted_names_the_winners_with_their_hours() -> None:
    given_ = problem(
        [available("d1", 9, 10), available("d2", 9, 10)],
        [
            request("r1", "p1", 9, 10, doctors=("d1",)),
            request("r2", "p2", 9, 10, doctors=("d1",), priority=Priority.SOON),
            request("r3", "p3", 9, 10, doctors=("d2",)),
        ],
    )
    conflict = refused(given_)
    assert conflict.kind == ConflictKind.OUTCOMPETED
    assert conflict.facts["winners"] == [
        {"request": "r2", "doctor": "d1", "hospital": "h1", "start": at(9).isoformat()}
    ]
    assert conflict.certificate == {
        "rule": "offers",
        "requests": ["r1", "r2"],
        "offers": [{"doctor": "d1", "hospital": "h1", "start": at(9).isoformat()}],
    }


def test_a_request_can_lose_to_another_of_its_own_patient() -> None:
    given_ = problem(
        [available("d1", 9, 10), available("d2", 9, 10)],
        [
            request("r1", "p1", 9, 10, doctors=("d1",)),
            request("r2", "p1", 9, 10, doctors=("d2",), priority=Priority.URGENT),
        ],
    )
    conflict = refused(given_)
    assert [winner["request"] for winner in conflict.facts["winners"]] == ["r2"]
    assert conflict.certificate == {
        "rule": "patient",
        "requests": ["r1", "r2"],
        "appointments": [],
        "instants": [{"at": at(9).isoformat(), "patient_of_request": "r1"}],
    }


def test_an_appointment_that_made_room_is_named_beside_the_winners() -> None:
    """a1 leaves 10:00 to an urgent request and takes 11:00, the only hour that a routine request wants."""
    given_ = problem(
        [available("d1", 10, 12)],
        [request("r1", "p1", 11, 12), request("r2", "p2", 10, 11, priority=Priority.URGENT)],
        [appointment("a1", "d1", "q", 10, movable=True)],
    )
    conflict = refused(given_)
    assert conflict.kind == ConflictKind.OUTCOMPETED
    assert conflict.facts["winners"] == []
    assert [fact["appointment"] for fact in conflict.facts["moved"]] == ["a1"]
    assert conflict.certificate["rule"] == "movable"


def test_a_movable_appointment_that_cannot_move_holds_its_hour() -> None:
    given_ = problem(
        [available("d1", 10, 11)],
        [request("r1", "p1", 10, 11)],
        [appointment("a1", "d1", "q", 10, movable=True, window=Period(at(10), at(11)))],
    )
    conflict = refused(given_)
    assert (conflict.kind, [fact["id"] for fact in conflict.facts["appointments"]]) == ("hours_taken", ["a1"])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_a_least_proof_proves_frees_and_is_least(seed: int) -> None:
    rng = random.Random(seed)
    held = some_hours(rng)

    def enough(proof: set) -> bool:
        return all(proof & set(hour) for hour in held) and any(set(hour) <= proof for hour in held)

    proof = set(least_proof(held))
    assert enough(proof)
    assert not any(enough(proof - {holder}) for holder in proof)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_least_proofs_of_many_requests_are_those_of_each(seed: int) -> None:
    rng = random.Random(seed)
    asked = [some_hours(rng) for _ in range(rng.randint(1, 4))]
    owner = [number for number, held in enumerate(asked) for _ in held]
    pairs = [(hour, holder) for hour, holders in enumerate(chain.from_iterable(asked)) for holder in holders]
    columns = Held(*np.array(pairs, dtype=np.int64).T)
    found = least_proofs(columns, np.array(owner), len(asked))
    assert [proof.tolist() for proof in found] == [least_proof(held) for held in asked]


def some_hours(rng: random.Random) -> list[list[int]]:
    """Who holds each of a few hours."""
    return [sorted(rng.sample(range(6), rng.choice([1, 1, 2, 3]))) for _ in range(rng.randint(1, 6))]


@settings(max_examples=80, deadline=None)
@example(133032)
@given(st.integers(0, 2**32))
def test_what_the_facts_name_put_right_takes_the_reason_away(seed: int) -> None:
    given_ = small(seed)
    made = plan(given_)
    for conflict in made.conflicts:
        better, left = put_right(given_, made, conflict)
        if better is None:
            continue
        again = [c for c in plan(better).conflicts if c.request == conflict.request]
        order = list(ConflictKind)
        planned = {b.request for b in made.bookings} | {move.appointment for move in made.moved}
        if left:
            for c in again:  # what the plan itself put there stands in `better`: it is another reason
                named = {fact["id"] for fact in c.facts.get("appointments", ())}
                assert order.index(c.kind) > order.index(conflict.kind) or named & planned
        else:
            assert again == []


def put_right(given_: Problem, made, conflict: Conflict) -> tuple[Problem | None, bool]:
    """The problem with that request alone, everybody else where the plan puts them, and the facts put right; and
    whether another reason may be left.
    """
    wish = next(r for r in given_.requests if r.id == conflict.request)
    standing = as_it_stands(given_, made)
    named = {
        fact.get("id") or fact.get("request") or fact.get("appointment")
        for key in ("appointments", "winners", "moved")
        for fact in conflict.facts.get(key, ())
    }
    alone = replace(
        given_, requests=(replace(wish, moves=None),), appointments=tuple(a for a in standing if a.id not in named)
    )
    if conflict.kind == ConflictKind.OUTCOMPETED:
        lower = [
            r.id for r in given_.requests if list(Priority).index(r.priority) > list(Priority).index(wish.priority)
        ]
        return replace(alone, appointments=tuple(a for a in alone.appointments if a.id not in lower)), False
    if conflict.kind == ConflictKind.NO_AVAILABILITY and conflict.facts["doctors"]:
        everywhere = [
            Availability(doctor, place.id, opening.start, opening.end)
            for doctor in conflict.facts["doctors"]
            for place in given_.hospitals
            if place.id in conflict.facts["hospitals"]
            for opening in place.openings
        ]
        return replace(alone, availabilities=(*given_.availabilities, *everywhere)), True
    if conflict.kind in (ConflictKind.HOURS_TAKEN, ConflictKind.PATIENT_BUSY):
        return alone, True
    return None, True


def as_it_stands(given_: Problem, made) -> list:
    """Every hour taken after the plan, as appointments that cannot move."""
    replaced = {r.moves for r in given_.requests}
    moved = {move.appointment: move for move in made.moved}
    patients = {r.id: r.patient for r in given_.requests}
    standing = []
    for a in given_.appointments:
        if a.id in moved:
            move = moved[a.id]
            standing.append(replace(a, hospital=move.hospital, start=move.start, movable=False, window=None))
        elif a.id not in replaced:
            standing.append(replace(a, movable=False, window=None))
    for b in made.bookings:
        standing.append(appointment(b.request, b.doctor, patients[b.request], 0, hospital=b.hospital))
        standing[-1] = replace(standing[-1], start=b.start)
    return standing
