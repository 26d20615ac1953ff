"""Standing schedules are judged as a brute force over every instant and every two rows judges them."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.instants import HOUR_US, LocalClock
from planner.verify.hours import Clock
from planner.verify.periods import Cover, Owned, overlaps
from planner.verify.schedule import Places, Schedule, breaches

ZONES = ("UTC", "Asia/Kolkata", "Europe/Lisbon")
HALF = HOUR_US // 2
MIDNIGHT = 1_792_886_400_000_000  # 2026-10-25 in UTC: Lisbon's clocks go back one hour after it

halves = st.integers(0, 8)
periods = st.tuples(st.integers(-1, 2), halves, st.integers(1, 4))
places = st.tuples(st.integers(0, 1), st.integers(0, 2), halves, st.sampled_from([1, 2, 2, 2, 3, 5]), st.booleans())


def owned(rows: list[tuple[int, int, int]]) -> Owned:
    owner, begin, length = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Owned(owner, begin, begin + length)


def columns(rows: list[tuple[int, int, int, int, bool]]) -> Places:
    doctor, hospital, begin, halves_, _ = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    return Places(doctor, hospital, MIDNIGHT + begin * HALF, MIDNIGHT + (begin + halves_) * HALF)


def flags(rows: list[tuple[int, int, int, int, bool]]) -> np.ndarray:
    return np.array([row[4] for row in rows], dtype=np.bool_)


@given(st.lists(periods, max_size=8))
def test_what_overlaps_is_in_a_pair_and_what_does_not_is_in_none(rows) -> None:
    pairs = list(zip(*(which.tolist() for which in overlaps(owned(rows))), strict=True))

    def clash(one: int, other: int) -> bool:
        (owner, begin, length), (another, start, lasts) = rows[one], rows[other]
        return owner == another >= 0 and begin < start + lasts and start < begin + length

    assert all(clash(*pair) for pair in pairs)
    assert len(set(map(frozenset, pairs))) == len(pairs)
    every = [pair for pair in combinations(range(len(rows)), 2) if clash(*pair)]
    assert {each for pair in pairs for each in pair} == {each for pair in every for each in pair}
    assert [later for _, later in pairs] == sorted(
        (later for _, later in pairs), key=lambda each: (*rows[each][:2], each)
    )
    assert len({later for _, later in pairs}) == len(pairs)  # one fewer than there are in one heap


@given(st.lists(periods, max_size=8), periods)
def test_a_period_is_held_where_every_instant_of_it_is(rows, asked) -> None:
    owner, begin, length = asked
    held = {(whose, at) for whose, start, lasts in rows for at in range(start, start + lasts)}
    expected = owner >= 0 and all((owner, at) in held for at in range(begin, begin + length))
    assert Cover(owned(rows)).holds(owned([asked])).tolist() == [expected]


@given(st.lists(periods, max_size=8))
def test_what_a_cover_joins_is_apart_and_ascends(rows) -> None:
    joined = Cover(owned(rows)).joined
    told = list(zip(joined.owner.tolist(), joined.begin.tolist(), joined.end.tolist(), strict=True))
    assert told == sorted(told)
    assert all(a[0] < b[0] or a[2] < b[1] for a, b in pairwise(told))
    instants = {(owner, at) for owner, begin, end in told for at in range(begin, end)}
    assert instants == {(owner, at) for owner, begin, length in rows for at in range(begin, begin + length)}


@given(
    st.lists(places, max_size=6),
    st.lists(places, max_size=6),
    st.lists(st.tuples(st.integers(0, 2), halves, st.integers(1, 6)), max_size=5),
    st.lists(st.integers(-1, 2), min_size=3, max_size=3),
    halves,
)
def test_a_schedule_breaks_the_rules_that_every_instant_of_it_breaks(held, offered, openings, clock_of, since) -> None:
    held = [row for row in held if row[2] + row[3] > since]  # what has ended is not looked at
    offered = [row for row in offered if row[2] + row[3] > since]
    openings = [row for row in openings if row[1] + row[2] > since]
    owner, begin, length = np.array(openings, dtype=np.int64).reshape(-1, 3).T
    broken = breaches(
        Schedule(
            since=MIDNIGHT + since * HALF,
            appointments=columns(held),
            booked=flags(held),
            availabilities=columns(offered),
            whole=flags(offered),
            openings=Owned(owner, MIDNIGHT + begin * HALF, MIDNIGHT + (begin + length) * HALF),
            clocks=[Clock(zone) for zone in ZONES],
            clock_of=np.array(clock_of),
        )
    )

    def ahead(row) -> range:
        return range(max(row[2], since), row[2] + row[3])

    attended = {(row[0], row[1], at) for row in offered for at in ahead(row)}
    opened = {(hospital, at) for hospital, start, lasts in openings for at in range(start, start + lasts)}
    assert broken.outside_availability.tolist() == [
        i for i, row in enumerate(held) if row[4] and any((row[0], row[1], at) not in attended for at in ahead(row))
    ]
    assert broken.closed.tolist() == [any((row[1], at) not in opened for at in ahead(row)) for row in held]
    assert broken.availability_outside_openings.tolist() == [
        i for i, row in enumerate(offered) if row[4] and any((row[1], at) not in opened for at in ahead(row))
    ]
    assert broken.not_one_hour.tolist() == [i for i, row in enumerate(held) if row[3] != 2]
    local = [LocalClock(zone) for zone in ZONES]
    assert broken.off_the_hour.tolist() == [
        i
        for i, row in enumerate(held)
        if clock_of[row[1]] >= 0
        and local[clock_of[row[1]]].full_hours((at := MIDNIGHT + row[2] * HALF), at + HOUR_US)[:1] != [at]
    ]
    for pairs, rows in ((broken.doctor_double_booked, held), (broken.availabilities_overlap, offered)):
        which = [i for i, row in enumerate(rows) if row[4]]
        clashing = {
            each
            for one, other in combinations(which, 2)
            if rows[one][0] == rows[other][0] and {*ahead(rows[one])} & {*ahead(rows[other])}
            for each in (one, other)
        }
        assert {each for column in pairs for each in column.tolist()} == clashing


@pytest.mark.parametrize("count", [2, 3, 5])
def test_of_appointments_at_one_hour_each_but_the_first_is_told_of_with_the_one_before(count: int) -> None:
    hours = Owned(*np.array([(0, 10, 20)] * count).T)
    earlier, later = overlaps(hours)
    assert (earlier.tolist(), later.tolist()) == (list(range(count - 1)), list(range(1, count)))


def test_a_long_period_is_told_of_with_each_that_begins_before_it_ends() -> None:
    earlier, later = overlaps(Owned(*np.array([(0, 0, 10), (0, 1, 2), (0, 5, 6), (0, 10, 12)]).T))
    assert (earlier.tolist(), later.tolist()) == ([0, 0], [1, 2])
