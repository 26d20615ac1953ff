"""The load: arrivals follow their curve, callers are counted as they are answered, the page tells what was measured."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.load import page
from bench.load.arrivals import Curve, burst, ramp, steady
from bench.load.measure import Accepting, Deciding, Load, Offered, Remembering, Scaling
from bench.load.stand import Called, Seconds, Stand
from bench.load.wishes import Wishes
from models.session import make_engine

RATES = st.floats(0, 50)
CURVES = st.lists(st.tuples(st.floats(0.5, 20), RATES), min_size=1, max_size=5).map(
    lambda steps: Curve(
        [(0.0, 10.0), *((sum(each for each, _ in steps[: n + 1]), rate) for n, (_, rate) in enumerate(steps))]
    )
)
WISHES = Wishes(doctors=6, patients=12, hospitals=3, days=14, first="2027-01-04")


@given(curve=CURVES, seed=st.integers(0, 1000))
def test_who_arrives_comes_in_order_and_in_time_and_the_same_seed_draws_the_same(curve, seed):
    arrivals = list(curve.arrivals(Random(seed)))
    assert arrivals == sorted(arrivals) == list(curve.arrivals(Random(seed)))
    assert all(0 < second < curve.seconds for second in arrivals)


@pytest.mark.parametrize(
    ("curve", "expected"), [(steady(200, 50), 10_000), (ramp(200, 10, 50), 9_100), (burst(100, 5, 100), 14_000)]
)
def test_as_many_arrive_as_the_curve_says(curve, expected):
    area = len(list(curve.arrivals(Random(7))))
    assert area == pytest.approx(expected, rel=0.05)  # five standard deviations


def test_a_rate_lies_between_the_points_around_it():
    curve = Curve([(0, 10), (10, 30), (20, 30)])
    assert [curve.rate(second) for second in (0, 5, 10, 15, 20, 99)] == [10, 20, 30, 30, 30, 30]


@given(seed=st.integers(0, 1000))
def test_a_wish_is_of_one_hospital_and_nobody_is_of_two(seed):
    wish = WISHES.draw(Random(seed))
    people = [int(each[1:]) % WISHES.hospitals for each in (*wish["doctors"], wish["patient"])]
    assert {f"h{number}" for number in people} == set(wish["hospitals"])


def test_callers_are_counted_as_the_reference_answers_them(services, database_url, tmp_path):
    stand = Stand(services, tmp_path, WISHES, make_engine(database_url))
    with stand.bare() as address:
        called = stand.call(address, "rows", steady(100, 2))
    count = called.statuses["POST /rows"]["201"]
    assert called.statuses == {"POST /rows": {"201": count}}
    assert sum(called.accepted) == called.seconds["POST /rows"].count == count
    assert 150 < count + called.missed < 250


def test_the_page_tells_what_was_measured_and_the_ratios(tmp_path, monkeypatch):
    seconds = Seconds(40, 0.5, 1.0, 2.0, 3.0)
    times = dict.fromkeys(("POST /booking-requests", "put off", "decided"), seconds)
    called = Called(0, {"POST /booking-requests": {"202": 40, "503": 2}}, (10, 30), times)
    assert called.put_off == 2
    load = Load(
        Accepting(bare=400.0, offered=(Offered(100.0, accepted=50.0, put_off=2.0, called=called),)),
        (Deciding("idle", 1.0, called),),
        (Scaling(1, 100.0, 40.0), Scaling(2, 150.0, 26.7)),
        Remembering(3600, 240.0, ((2.0, {"api": 100_000_000}), (4.0, {"api": 101_000_000}))),
    )
    monkeypatch.setattr(page, "PAGE", tmp_path / "load.md")
    monkeypatch.setattr(page, "PICTURE", tmp_path / "load.svg")
    page.write(load)
    told = (tmp_path / "load.md").read_text()
    assert "| 100 | 50 | 0.12 | 0.5 | 1 | 1 |" in told
    assert "| idle | 1 | decided | 40 | 0.5 | 1 | 2 | 3 |" in told
    assert "| 2 | 150 | 26.7 | 1.50 |" in told
    assert "| api | 100 | 101 | 101 | 101 |" in told
    assert "$" not in told
    assert (tmp_path / "load.svg").read_text().startswith("<?xml")
