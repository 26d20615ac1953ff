"""Each rule alone: what obeys it and what does not."""

import numpy as np
import pytest

from planner.columns import Columns, columns
from planner.rules import (
    RULES,
    Rule,
    doctor_in_one_place,
    movable_keeps_an_hour,
    one_hour_per_request,
    patient_in_one_place,
)
from tests.planner.problems import appointment, at, available, hospital, problem, request

TWO_ZONES = [hospital("h1"), hospital("h2", "Asia/Kolkata")]


def broken(rule: Rule, table: Columns, chosen: list[tuple[str, str, float]]) -> int:
    """How many rows of the rule are broken by choosing for each (request or appointment, doctor) the hour (UTC)."""
    names = [*(request_.id for request_ in table.requests), *(movable.id for movable in table.movables)]
    mask = np.zeros(len(table.candidates), dtype=bool)
    for name, doctor, hour in chosen:
        start = np.int64(at(hour).timestamp() * 1_000_000)
        found = (
            (table.candidates.seeker == names.index(name))
            & (table.candidates.doctor == table.doctors.index(doctor))
            & (table.moments.start[table.candidates.moment] == start)
        )
        assert found.sum() == 1, "the test chooses candidates that exist"
        mask |= found
    return len(rule(table.candidates, table.moments).broken(mask))


@pytest.fixture
def table() -> Columns:
    """Two doctors, each in Lisbon and in Kolkata at once; two requests of one patient, one of another, one movable."""
    return columns(
        problem(
            [available(doctor, 4, 8, place) for doctor in ("d1", "d2") for place in ("h1", "h2")],
            [request("r1", "p1", 4, 8), request("r2", "p1", 4, 8), request("r3", "p2", 4, 8)],
            [appointment("a1", "d2", "p3", 7, movable=True)],
            TWO_ZONES,
        )
    )


@pytest.mark.parametrize(
    ("rule", "fine", "wrong"),
    [
        (one_hour_per_request, [("r1", "d1", 4)], [("r1", "d1", 4), ("r1", "d2", 6)]),
        (movable_keeps_an_hour, [("a1", "d2", 7)], []),
        (movable_keeps_an_hour, [("a1", "d2", 4)], [("a1", "d2", 7), ("a1", "d2", 4)]),
        (doctor_in_one_place, [("r1", "d1", 4), ("r3", "d1", 5)], [("r1", "d1", 4), ("r3", "d1", 4)]),
        (doctor_in_one_place, [("r1", "d1", 4), ("r3", "d1", 5.5)], [("r1", "d1", 4), ("r3", "d1", 4.5)]),
        (doctor_in_one_place, [("r1", "d2", 6), ("a1", "d2", 7)], [("r1", "d2", 6.5), ("a1", "d2", 7)]),
        (patient_in_one_place, [("r1", "d1", 4), ("r2", "d2", 5)], [("r1", "d1", 4), ("r2", "d2", 4)]),
        (patient_in_one_place, [("r1", "d1", 4), ("r2", "d2", 5.5)], [("r1", "d1", 4), ("r2", "d2", 4.5)]),
        (patient_in_one_place, [("r1", "d1", 4), ("r3", "d2", 4)], [("r1", "d1", 5), ("r2", "d2", 4.5)]),
    ],
)
def test_a_rule_tells_right_from_wrong(rule: Rule, fine: list, wrong: list, table: Columns) -> None:
    assert broken(rule, table, fine) == 0
    assert broken(rule, table, wrong) > 0


def test_where_clocks_agree_a_row_is_a_doctor_and_an_hour() -> None:
    table = columns(problem([available("d1", 9, 12)], [request("r1", "p1", 9, 12), request("r2", "p2", 9, 12)]))
    rows = doctor_in_one_place(table.candidates, table.moments)
    assert (rows.count, len(rows.candidate)) == (3, 6)


def test_rules_cope_with_nothing() -> None:
    table = columns(problem([available("d1", 9, 10)], []))
    assert [rule(table.candidates, table.moments).count for rule in RULES] == [0, 0, 0, 0]
