"""Runs at the same time share no doctor and no patient wherever possible."""

from uuid import UUID

import pytest

from workers.partition import WORTHWHILE, Limits, Wish, choose

LIMITS = Limits(batch_size=1000, max_attempts=5)


def uid(number: int) -> UUID:
    return UUID(int=number)


def wish(request: int, patient: int, *doctors: int, attempts: int = 0, specialty: str | None = None) -> Wish:
    return Wish(uid(request), uid(patient), attempts, tuple(map(uid, doctors)) or None, specialty)


def test_a_run_takes_what_hangs_together_by_doctor_or_patient():
    queue = [wish(1, 101, 201), wish(2, 102, 201, 202), wish(3, 103, 202), wish(4, 103, 203)]
    assert choose(queue, [], {}, LIMITS) == [uid(1), uid(2), uid(3), uid(4)]


def test_a_run_keeps_clear_of_what_others_are_planning():
    queue = [wish(1, 101, 201), wish(2, 102, 202)]
    assert choose(queue, [wish(9, 109, 201)], {}, LIMITS) == [uid(2)]
    assert choose(queue, [wish(9, 102, 203)], {}, LIMITS) == [uid(1)]


def test_nothing_is_chosen_when_everything_touches_what_others_are_planning():
    assert choose([wish(1, 101, 201)], [wish(9, 101, 209)], {}, LIMITS) == []


def test_requests_for_any_doctor_of_a_specialty_hang_together_with_those_doctors():
    queue = [wish(1, 101, specialty="cardiology"), wish(2, 102, specialty="dermatology")]
    specialists = {"cardiology": [uid(201)], "dermatology": [uid(202)]}
    assert choose(queue, [wish(9, 109, 201)], specialists, LIMITS) == [uid(2)]


def test_a_request_for_any_doctor_hangs_together_with_everything():
    queue = [wish(1, 101), wish(2, 102, 202)]
    assert choose(queue, [wish(9, 109, 203)], {None: [uid(201), uid(202), uid(203)]}, LIMITS) == []


def test_a_run_leaves_components_to_other_workers_once_it_is_worthwhile():
    queue = [wish(number, 10_000 + number, 20_000 + number) for number in range(1, 3 * WORTHWHILE)]
    first = choose(queue, [], {}, LIMITS)
    assert len(first) == WORTHWHILE
    planning = [each for each in queue if each.request in first]
    second = choose([each for each in queue if each.request not in first], planning, {}, LIMITS)
    assert len(second) == WORTHWHILE
    assert not set(first) & set(second)


def test_a_large_component_is_cut_at_the_batch_size_in_the_order_of_the_queue():
    queue = [wish(number, 10_000 + number, 201) for number in range(1, 21)]
    assert choose(queue, [], {}, Limits(batch_size=8, max_attempts=5)) == [uid(number) for number in range(1, 9)]


def test_a_run_holds_only_requests_of_as_many_lost_runs_as_its_first():
    queue = [wish(1, 101, 201, attempts=2), wish(2, 102, 201), wish(3, 103, 203, attempts=2)]
    assert choose(queue, [], {}, LIMITS) == [uid(1), uid(3)]


@pytest.mark.parametrize(("attempts", "size"), [(0, 1000), (1, 178), (2, 32), (3, 6), (4, 1), (9, 1)])
def test_runs_get_smaller_with_every_lost_one_down_to_a_single_request(attempts, size):
    assert LIMITS.size_after(attempts) == size


@pytest.mark.parametrize("max_attempts", range(2, 10))
def test_the_last_attempt_is_always_alone(max_attempts):
    assert Limits(10_000, max_attempts).size_after(max_attempts - 1) == 1
