"""What losing a day would do: the same for every one of many losses as planning it by itself."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.displaced import displaced
from planner.loss import Loss, Outcome, without
from planner.losses import outcomes
from planner.plan import Objective, Plan, PlanStatus, Receipt
from planner.problem import Period, Priority, Problem, Request
from planner.solve import plan
from planner.verify import verify
from tests.planner import mip
from tests.planner.lossy import days, network
from tests.planner.problems import HOUR, appointment, at, available, hospital, problem, request

seeds = st.integers(0, 2**32)
many = settings(max_examples=60, deadline=None)

RULES = {"not_a_candidate", "doctor_overlap", "patient_overlap"}
"""What a booking can break; the rest of a plan is not there to be checked."""


def counted(outcome: Outcome, loss: Loss) -> tuple[int, ...]:
    """How many of each priority get another hour."""
    priority = {each.id: each.priority for each in loss.requests}
    count = Counter(priority[each.request] for each in outcome.bookings)
    return tuple(count[each] for each in Priority)


def wrong(own: Problem, outcome: Outcome) -> list[str]:
    """What `planner.verify` says of the hours found, by the problem of the loss itself."""
    nothing = Objective(dict.fromkeys(Priority, 0), 0, 0)
    claimed = Plan(PlanStatus.FEASIBLE, outcome.bookings, (), (), nothing, nothing, receipt=Receipt("", "", "", 0, {}))
    return [each.sentence for each in verify(own, claimed) if each.code in RULES]


def one_by_one(own: Problem) -> Plan:
    """How a reschedule plans it: whoever would lose an hour that stays is left out, and it is planned again."""
    while True:
        made = plan(own)
        losing = set(displaced(own, made))
        if not losing:
            return made
        own = replace(own, requests=tuple(each for each in own.requests if each.id not in losing))


@many
@given(seeds)
def test_as_many_of_each_priority_get_an_hour_as_an_independent_program_finds(seed):
    schedule = network(seed)
    losses = list(days(seed, schedule))
    for loss, outcome in zip(losses, outcomes(schedule, losses, cancel_unplaced=True), strict=True):
        own = without(schedule, loss)
        assert counted(outcome, loss) == mip.best(own)[:3]
        assert outcome.proved
        assert wrong(own, outcome) == []
        answered = [*(each.request for each in outcome.bookings), *outcome.stranded]
        assert sorted(answered) == sorted(each.id for each in loss.requests)
        assert list(outcome.stranded) == sorted(outcome.stranded)


@many
@given(seeds)
def test_who_keeps_an_hour_for_want_of_another_is_not_booked_over(seed):
    schedule = network(seed)
    losses = list(days(seed, schedule))
    for loss, outcome in zip(losses, outcomes(schedule, losses), strict=True):
        own = without(schedule, loss)
        assert displaced(own, outcome) == ()
        assert len(outcome.bookings) == len(one_by_one(own).bookings)
        assert wrong(own, outcome) == []
        assert outcome.proved


def away(doctor: str, *requests: Request) -> Loss:
    """The doctor sees nobody on the first day."""
    return Loss(doctor, None, Period(at(0), at(24)), requests)


def asks(id_: str, patient: str, start: float, end: float, **more: object) -> Request:
    """A request for d2 that moves the appointment of the same id."""
    return request(id_, patient, start, end, doctors=("d2",), moves=id_, **more)


def one(schedule: Problem, loss: Loss, **more: object) -> Outcome:
    (outcome,) = outcomes(schedule, [loss], **more)
    return outcome


def placed(outcome: Outcome) -> dict[str, float]:
    """Who gets which hour after midnight."""
    return {each.request: (each.start - at(0)) / HOUR for each in outcome.bookings}


TWO_DOCTORS = [available("d1", 9, 13), available("d2", 9, 11)]


def test_the_urgent_one_gets_the_hour_that_is_left():
    schedule = problem(TWO_DOCTORS, [], [appointment(f"a{i}", "d1", f"p{i}", 9 + i) for i in range(4)])
    priorities = [Priority.ROUTINE, Priority.SOON, Priority.ROUTINE, Priority.URGENT]
    loss = away("d1", *(asks(f"a{i}", f"p{i}", 0, 24, priority=priority) for i, priority in enumerate(priorities)))
    outcome = one(schedule, loss)
    assert set(placed(outcome)) == {"a1", "a3"}
    assert outcome.stranded == ("a0", "a2")


def test_losses_do_not_add_up():
    """Each is a question of its own: the hour that one would take is there for the next."""
    schedule = problem(
        [available("d1", 9, 10), available("d2", 9, 10), available("d3", 10, 11)],
        [],
        [appointment("a1", "d1", "p1", 9), appointment("a2", "d2", "p2", 9)],
    )
    losses = [
        Loss(doctor, None, Period(at(0), at(24)), (request(id_, patient, 0, 24, doctors=(doctor, "d3"), moves=id_),))
        for doctor, id_, patient in (("d1", "a1", "p1"), ("d2", "a2", "p2"))
    ]
    assert [placed(each) for each in outcomes(schedule, losses)] == [{"a1": 10}, {"a2": 10}]


def test_an_hour_is_lost_that_reaches_into_what_is_lost():
    schedule = problem([available("d1", 9, 13), available("d2", 9, 12)], [], [appointment("a1", "d1", "p1", 9)])
    loss = Loss(None, "h1", Period(at(0), at(10.5)), (asks("a1", "p1", 0, 24),))
    assert placed(one(schedule, loss)) == {"a1": 11}


def test_the_patient_may_come_at_the_same_time_but_not_when_busy_elsewhere():
    schedule = problem(
        [*TWO_DOCTORS, available("d3", 9, 11)],
        [],
        [appointment("a1", "d1", "p1", 9), appointment("b", "d3", "p1", 10)],
    )
    assert placed(one(schedule, away("d1", asks("a1", "p1", 0, 24)))) == {"a1": 9}
    assert one(schedule, away("d1", asks("a1", "p1", 10, 24))).stranded == ("a1",)


def test_a_patient_with_several_appointments_is_in_one_place():
    """d2 and d3 each have an hour at 10:00, and the patient can use one of them."""
    schedule = problem(
        [available("d1", 9, 11), available("d2", 10, 11), available("d3", 10, 11)],
        [],
        [appointment("a1", "d1", "p", 9), appointment("a2", "d1", "p", 10)],
    )
    both = [request(id_, "p", 10, 11, doctors=("d2", "d3"), moves=id_) for id_ in ("a1", "a2")]
    assert len(one(schedule, away("d1", *both), cancel_unplaced=True).bookings) == 1


def test_who_stays_for_want_of_an_hour_cannot_be_elsewhere_then():
    schedule = problem(
        [available("d1", 9, 11), available("d2", 9, 10)],
        [],
        [appointment("a1", "d1", "p", 9), appointment("a2", "d1", "p", 10)],
    )
    loss = away("d1", asks("a1", "p", 20, 22), asks("a2", "p", 9, 10))
    assert placed(one(schedule, loss, cancel_unplaced=True)) == {"a2": 9}
    assert one(schedule, loss).stranded == ("a1", "a2")


def test_hours_of_a_doctor_that_overlap_in_part_are_taken_once():
    """d2 is at two hospitals at once, whose clocks are half an hour apart, as only a database edited by hand allows."""
    schedule = problem(
        [available("d1", 9, 11), available("d2", 9, 10), available("d2", 9.5, 10.5, "h2")],
        [],
        [appointment("a1", "d1", "p1", 9), appointment("a2", "d1", "p2", 10)],
        [hospital(), hospital("h2", "Asia/Kolkata")],
    )
    assert len(one(schedule, away("d1", asks("a1", "p1", 0, 24), asks("a2", "p2", 0, 24))).bookings) == 1


def test_an_appointment_that_reaches_out_of_the_day_makes_room_behind_it():
    """d1 sees p1 at h2 from 23:30 on, when d1 is at h1 as well, and is away from midnight on."""
    schedule = problem(
        [available("d1", 22, 24), available("d1", 23.5, 24.5, "h2")],
        [],
        [appointment("a1", "d1", "p1", 23.5, hospital="h2")],
        [hospital("h1", "UTC", (0, 48)), hospital("h2", "Asia/Kolkata", (0, 48))],
    )
    wish = request("a1", "p1", 23, 48, doctors=("d1",), moves="a1")
    assert placed(one(schedule, Loss("d1", None, Period(at(24), at(48)), (wish,)))) == {"a1": 23}


def test_who_is_not_asked_for_stands():
    schedule = problem(TWO_DOCTORS, [], [appointment("a1", "d1", "p1", 9), appointment("a2", "d1", "p1", 10)])
    assert placed(one(schedule, away("d1", asks("a1", "p1", 9, 11)))) == {"a1": 9}
    assert one(schedule, away("d1", asks("a1", "p1", 10, 11))).stranded == ("a1",)


def test_nothing_is_called_proved_for_which_there_was_no_time():
    schedule = problem(TWO_DOCTORS, [], [appointment(f"a{i}", "d1", f"p{i}", 9 + i) for i in range(4)])
    loss = away("d1", *(asks(f"a{i}", f"p{i}", 0, 24) for i in range(4)))
    hasty = one(schedule, loss, time_limit=0)
    assert not hasty.proved
    assert wrong(without(schedule, loss), hasty) == []
    assert one(schedule, loss).proved


def test_nothing_to_lose_is_nothing_lost():
    assert one(problem(TWO_DOCTORS, []), away("d1")) == Outcome((), (), proved=True)
