"""PROBLEM.json: what is read, what is refused, and that every fault is named at once with its path and a remedy."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.plan import PlanStatus
from planner.schemas import (
    FaultyPlan,
    FaultyProblem,
    plan_to_json,
    problem_sha256,
    problem_to_json,
    read_plan,
    read_problem,
)
from planner.solve import plan
from planner.verify import verify
from tests.planner.problems import small


def example() -> dict:
    """The example of docs/planning-problem.md."""
    return {
        "hospitals": [
            {
                "id": "h1",
                "timezone": "Europe/Lisbon",
                "openings": [{"start": "2026-12-01T09:00:00+00:00", "end": "2026-12-01T19:00:00+00:00"}],
            }
        ],
        "doctors": [{"id": "d1", "specialties": ["cardiology"]}],
        "availabilities": [
            {"doctor": "d1", "hospital": "h1", "start": "2026-12-01T09:00:00+00:00", "end": "2026-12-01T13:00:00+00:00"}
        ],
        "appointments": [
            {
                "id": "a1",
                "doctor": "d1",
                "hospital": "h1",
                "patient": "p9",
                "start": "2026-12-01T10:00:00+00:00",
                "movable": False,
            }
        ],
        "requests": [
            {
                "id": "r1",
                "patient": "p1",
                "priority": "routine",
                "doctors": ["d1"],
                "specialty": None,
                "hospitals": None,
                "earliest": "2026-12-01T09:00:00+00:00",
                "latest": "2026-12-04T18:00:00+00:00",
                "preferred": None,
                "moves": None,
            }
        ],
    }


MISSING = object()


def put(document: dict, path: str, value: object) -> dict:
    """The document with the value at a path such as `requests[0].latest`; an index one past the end appends."""
    *steps, last = [int(s) if s.isdigit() else s for s in path.replace("[", ".").replace("]", "").split(".")]
    parent = document
    for step in steps:
        parent = parent[step]
    if value is MISSING:
        del parent[last]
    elif isinstance(last, int) and last == len(parent):
        parent.append(value)
    else:
        parent[last] = value
    return document


def faults(document: object) -> dict[str, str]:
    """Path to fault of everything wrong with a document."""
    with pytest.raises(FaultyProblem) as refused:
        read_problem(document if isinstance(document, str | bytes) else json.dumps(document))
    for fault in refused.value.faults:
        assert fault.fault
        assert fault.remedy
        assert len(fault.value) < 100
        assert fault.path in str(refused.value)
    return {fault.path: fault.fault for fault in refused.value.faults}


def test_the_example_is_read() -> None:
    read = read_problem(json.dumps(example()))
    assert read.requests[0].earliest == datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert read.requests[0].doctors == ("d1",)
    assert plan(read).status == PlanStatus.OPTIMAL


def test_what_may_be_left_out_may_be_left_out() -> None:
    document = example()
    for path in ("doctors", "specialty", "hospitals", "preferred", "moves"):
        put(document, f"requests[0].{path}", MISSING)
    put(document, "appointments[0].movable", MISSING)
    put(document, "doctors[0].specialties", MISSING)
    assert plan(read_problem(json.dumps(document))).bookings[0].request == "r1"


def test_the_receipt_has_the_seconds_of_both_stages_also_where_one_was_not_needed() -> None:
    nobody = plan(read_problem(json.dumps(put(example(), "requests", []))))
    assert nobody.receipt.seconds.keys() >= {"relaxation", "solve"}


STRAY = {"start": "2026-12-01T21:00:00+00:00", "end": "2026-12-01T23:00:00+00:00", "doctor": "d1", "hospital": "h1"}

EVER = {"start": "0001-01-01T00:00:00+00:00", "end": "9999-12-31T23:59:59+00:00"}


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("requests[0].latest", "2026-12-04T18:00:00", "requests[0].latest"),
        ("requests[0].latest", "2026-12-01", "requests[0].latest"),
        ("requests[0].latest", "soon", "requests[0].latest"),
        ("requests[0].latest", "1764925200", "requests[0].latest"),
        ("requests[0].latest", 1764925200, "requests[0].latest"),
        ("requests[0].latest", 10**400, "requests[0].latest"),
        ("requests[0].latest", None, "requests[0].latest"),
        ("requests[0].latest", [[]], "requests[0].latest"),
        ("requests[0].latest", MISSING, "requests[0].latest"),
        ("requests[0].latest", "2026-11-30T18:00:00+00:00", "requests[0].latest"),
        ("requests[0].preferred", "2026-12-01T09:00:00", "requests[0].preferred"),
        ("requests[0].priority", "whenever", "requests[0].priority"),
        ("requests[0].id", 7, "requests[0].id"),
        ("requests[0].patient", None, "requests[0].patient"),
        ("requests[0].doctors", "d1", "requests[0].doctors"),
        ("requests[0].doctors[1]", "d2", "requests[0].doctors[1]"),
        ("requests[0].doctors[1]", 2, "requests[0].doctors[1]"),
        ("requests[0].hospitals", ["h2"], "requests[0].hospitals[0]"),
        ("requests[0].places", "0", "requests[0].places"),
        ("requests[0].places", [], "requests[0].places"),
        ("requests[0].places", [0, 1], "requests[0].places"),
        ("requests[0].places", [1], "requests[0].places[0]"),
        ("requests[0].places", [-1], "requests[0].places[0]"),
        ("requests[0].places", [True], "requests[0].places[0]"),
        ("requests[0].places", [0.0], "requests[0].places[0]"),
        ("requests[0].places", ["0"], "requests[0].places[0]"),
        ("requests[0].places", [10**400], "requests[0].places[0]"),
        ("requests[0].moves", "a2", "requests[0].moves"),
        ("requests[0].moves", "a1", "requests[0].moves"),
        ("requests[0].speciality", "cardiology", "requests[0].speciality"),
        ("requests[0]", "r1", "requests[0]"),
        ("requests", {}, "requests"),
        ("requests", MISSING, "requests"),
        ("notes", "", "notes"),
        ("doctors[1]", {"id": "d1"}, "doctors[1].id"),
        ("hospitals[1]", {"id": "h1", "timezone": "UTC", "openings": []}, "hospitals[1].id"),
        ("hospitals[0].timezone", "Europe/Nowhere", "hospitals[0].timezone"),
        ("hospitals[0].timezone", "../../etc/passwd", "hospitals[0].timezone"),
        ("hospitals[0].timezone", "", "hospitals[0].timezone"),
        ("hospitals[0].timezone", "Europe", "hospitals[0].timezone"),
        ("hospitals[0].timezone", "x" * 5000, "hospitals[0].timezone"),
        ("hospitals[0].timezone", "Europe\0Lisbon", "hospitals[0].timezone"),
        ("hospitals[0].timezone", "localtime", "hospitals[0].timezone"),
        ("hospitals[0].timezone", "right/UTC", "hospitals[0].timezone"),
        ("hospitals[0].openings[1]", {"start": STRAY["end"], "end": STRAY["start"]}, "hospitals[0].openings[1].end"),
        ("availabilities[0].doctor", "d2", "availabilities[0].doctor"),
        ("availabilities[0].hospital", "h2", "availabilities[0].hospital"),
        ("availabilities[0].end", "2026-12-01T08:00:00+00:00", "availabilities[0].end"),
        ("availabilities[1]", STRAY, "availabilities[1].start"),
        ("appointments[0].start", "2026-12-01T10:30:00+00:00", "appointments[0].start"),
        ("appointments[0].start", "2026-12-01T10:00:00.000001+00:00", "appointments[0].start"),
        ("appointments[0].movable", "no", "appointments[0].movable"),
        ("appointments[0].window", {"earliest": STRAY["start"]}, "appointments[0].window.latest"),
        ("appointments[0].hospitals", "h1", "appointments[0].hospitals"),
        ("appointments[0].hospitals", ["h1", "h2"], "appointments[0].hospitals[1]"),
        ("appointments[0].hospitals", [1], "appointments[0].hospitals[0]"),
        (
            "appointments[0].window",
            {"earliest": STRAY["end"], "latest": STRAY["start"]},
            "appointments[0].window.latest",
        ),
    ],
)
def test_one_fault_is_refused_and_named(path: str, value: object, where: str) -> None:
    assert list(faults(put(example(), path, value))) == [where]


@pytest.mark.parametrize(
    ("places", "wrong"),
    [
        ([0, 0, 0], []),
        ([0, 0, 1], []),
        ([0, 1, 2], []),
        ([0, 2, 2], [1]),
        ([0, 1, 0], [2]),
        ([1, 1, 3], [0, 2]),
    ],
)
def test_places_ascend_from_0_by_one_at_most(places: list[int], wrong: list[int]) -> None:
    document = put(example(), "requests[0].doctors", ["d1", "d1", "d1"])
    put(document, "requests[0].places", places)
    if wrong:
        assert list(faults(document)) == [f"requests[0].places[{at}]" for at in wrong]
    else:
        assert read_problem(json.dumps(document)).requests[0].places == tuple(places)


def test_places_without_a_list_of_doctors_are_refused() -> None:
    document = put(put(example(), "requests[0].doctors", None), "requests[0].places", [0])
    assert faults(document) == {"requests[0].places": "places of doctors, but the request lists no doctors"}


def test_places_of_doctors_who_cannot_be_read_have_no_further_fault() -> None:
    document = put(put(example(), "requests[0].doctors", "d1"), "requests[0].places", [0, 1, "2"])
    assert list(faults(document)) == ["requests[0].doctors", "requests[0].places[2]"]


def test_a_problem_without_places_and_hospitals_keeps_its_digest() -> None:
    """Both fields came later; that of the example is as it was before them."""
    read = read_problem(json.dumps(example()))
    assert problem_sha256(read) == "06f9c0465b8e0f42aeeeebfd250484b8b2b0548d48fa12ffecd13a6071ac8ff6"
    [wish], [standing] = read.requests, read.appointments
    for changed in (
        replace(read, requests=(replace(wish, places=(0,)),)),
        replace(read, appointments=(replace(standing, hospitals=()),)),
    ):
        assert read_problem(problem_to_json(changed)) == changed
        assert problem_sha256(changed) != problem_sha256(read)


@pytest.mark.parametrize("same", ["doctor", "patient"])
def test_standing_appointments_that_overlap_are_refused(same: str) -> None:
    document = example()
    other = {**document["appointments"][0], "id": "a2", "doctor": "d2", "patient": "p8"}
    other[same] = document["appointments"][0][same]
    put(document, "doctors[1]", {"id": "d2"})
    put(document, "appointments[1]", other)
    assert faults(document) == {"appointments[1].start": f"overlaps appointments[0] of the same {same}"}


def test_half_an_hour_of_overlap_is_overlap() -> None:
    document = example()
    put(document, "hospitals[1]", {"id": "h2", "timezone": "Asia/Kolkata", "openings": []})
    put(document, "appointments[1]", {**document["appointments"][0], "id": "a2", "patient": "p8", "hospital": "h2"})
    put(document, "appointments[1].start", "2026-12-01T16:00:00+05:30")
    assert list(faults(document)) == ["appointments[1].start"]


def test_two_requests_that_replace_one_appointment_are_refused() -> None:
    document = put(put(example(), "requests[0].moves", "a1"), "requests[0].patient", "p9")
    put(document, "requests[1]", {**document["requests"][0], "id": "r2"})
    assert list(faults(document)) == ["requests[1].moves"]


def test_every_fault_is_named_at_once() -> None:
    """Faults of the schema do not hide those of the values, and none is told that only follows from another."""
    document = example()
    put(document, "hospitals[0].timezone", 7)
    put(document, "doctors[0].id", None)
    put(document, "doctors[1]", {"id": "d2", "room": 4})
    put(document, "appointments[0].start", "2026-12-01T10:30:00+00:00")
    put(document, "requests[0].latest", "2026-11-30T18:00:00+00:00")
    put(document, "requests[0].moves", "a7")
    put(
        document, "requests[1]", {**document["requests"][0], "id": "r1", "earliest": "2026-12-01", "doctors": ["d9", 4]}
    )
    put(document, "requests[2]", "nonsense")
    assert list(faults(document)) == [
        "doctors[0].id",
        "doctors[1].room",
        "hospitals[0].timezone",
        "requests[0].latest",
        "requests[0].moves",
        "requests[1].doctors[1]",
        "requests[1].earliest",
        "requests[1].id",
        "requests[1].moves",
        "requests[2]",
    ]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '{"hospitals": NaN}', "[" * 100_000, b"\xff\xfe", "\0"])
def test_what_is_no_problem_at_all_is_refused(text: str | bytes) -> None:
    assert len(faults(text)) >= 1


def test_a_byte_order_mark_is_called_by_its_name() -> None:
    for text in (json.dumps(example()).encode("utf-8-sig"), json.dumps(example()).encode("utf-16")):
        with pytest.raises(FaultyProblem, match="without a byte order mark"):
            read_problem(text)


def test_a_field_written_twice_is_refused_because_readers_would_drop_one() -> None:
    text = json.dumps(example())
    twice = text.replace('"latest": ', '"latest": "2020-01-01T00:00:00+00:00", "latest": ')
    assert list(faults(twice)) == ["requests[0].latest"]
    assert list(faults(text[:-1] + ', "r\\u0065quests": []}')) == ["requests"]
    unknown = put(example(), "appointments[0].doctor", "d2")
    again = json.dumps(unknown).replace('"earliest": ', '"earliest": 7, "earliest": ')
    assert list(faults(again)) == ["appointments[0].doctor", "requests[0].earliest"]
    made = plan_to_json(plan(read_problem(text)))
    with pytest.raises(FaultyPlan, match=r"objective\.moved: the field is written more than once"):
        read_plan(made.replace('"moved": 0', '"moved": 1, "moved": 0', 1))


def test_more_hours_than_memory_holds_are_refused_at_the_longest_availability() -> None:
    document = put(example(), "hospitals[0].openings[0]", EVER)
    put(document, "availabilities[1]", {**EVER, "doctor": "d1", "hospital": "h1"})
    assert "87,649,419 hours" in faults(document)["availabilities[1].end"]


def test_openings_and_windows_may_last_for_ever() -> None:
    document = put(example(), "hospitals[0].openings[0]", EVER)
    ever = {**document["requests"][0], "patient": "p2", "earliest": EVER["start"], "latest": EVER["end"]}
    never = {"latest": EVER["start"], "preferred": EVER["end"]}
    put(document, "requests[1]", {**ever, "id": "r2"})
    put(document, "requests[2]", {**ever, "id": "r3", **never})
    put(document, "requests[3]", {**ever, "id": "r4", "earliest": "9999-12-31T23:20:00+00:00"})
    read = read_problem(json.dumps(document))
    made = plan(read)
    assert verify(read, made) == ()
    assert [conflict.request for conflict in made.conflicts] == ["r3", "r4"]


def test_every_field_of_the_wrong_type_is_refused_and_nothing_breaks() -> None:
    for path in leaves(example()):
        for value in (None, 7, -1.5, "", "x", [], {}, [[]], True, "9" * 5000, "\udcff"):
            with suppress(FaultyProblem):
                read_problem(json.dumps(put(example(), path, value)))


def leaves(value: object, path: str = "") -> list[str]:
    if isinstance(value, dict):
        inside = [leaf for key, item in value.items() for leaf in leaves(item, f"{path}.{key}".removeprefix("."))]
    elif isinstance(value, list):
        inside = [leaf for i, item in enumerate(value) for leaf in leaves(item, f"{path}[{i}]")]
    else:
        return [path]
    return [*inside, path] if path else inside


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("requests[0].doctors", ["d1", "d1"]),
        ("requests[0].doctors", []),
        ("requests[0].places", None),
        ("requests[0].places", [0]),
        ("appointments[0].hospitals", []),
        ("appointments[0].hospitals", ["h1", "h1"]),
        ("requests[0].hospitals", ["h1", "h1"]),
        ("requests[0].latest", "2026-12-01T09:00:00+00:00"),
        ("requests[0].latest", "9999-12-31T23:59:59+00:00"),
        ("requests[0].earliest", "0001-01-01T00:00:00+14:00"),
        ("requests[0].specialty", "unheard of"),
        ("requests[0].preferred", "2020-01-01T00:00:00.5-03:30"),
        ("appointments[0].window", {"earliest": STRAY["start"], "latest": STRAY["end"]}),
        ("availabilities[1]", {**STRAY, "end": STRAY["start"]}),
        ("availabilities[0].end", "2026-12-01T12:30:00+00:00"),
        ("hospitals[0].openings[1]", {"start": "2026-12-01T18:00:00+00:00", "end": "9999-12-31T23:00:00+00:00"}),
        ("requests", []),
    ],
)
def test_what_is_clear_enough_is_accepted_and_planned(path: str, value: object) -> None:
    read = read_problem(json.dumps(put(example(), path, value)))
    assert verify(read, plan(read)) == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_problems_and_plans_survive_the_way_through_json(seed: int) -> None:
    given_ = small(seed)
    assert read_problem(problem_to_json(given_)) == given_
    made = plan(given_)
    again = read_plan(plan_to_json(made))
    assert again.receipt == made.receipt
    assert plan_to_json(again) == plan_to_json(made)
    assert verify(given_, again) == ()


def test_every_instant_is_written_with_the_offset_it_came_with() -> None:
    """Also where another one is equal to it: the same instant elsewhere, or the other hour that a clock shows twice."""
    twice = datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("Europe/Lisbon"))
    same = [
        datetime(2026, 10, 25, 9, tzinfo=UTC).astimezone(timezone(timedelta(hours=hours))) for hours in range(-11, 15)
    ]
    read = read_problem(json.dumps(example()))
    for instant in (twice, twice.replace(fold=1), *same, *same):
        [request] = read.requests
        written = json.loads(problem_to_json(replace(read, requests=(replace(request, latest=instant),))))
        assert written["requests"][0]["latest"] == instant.isoformat()


@pytest.mark.parametrize("text", ["", "{}", '{"status": "perfect"}', "[]"])
def test_a_faulty_plan_is_refused(text: str) -> None:
    with pytest.raises(FaultyPlan) as refused:
        read_plan(text)
    assert refused.value.faults


def test_ten_thousand_faults_are_named() -> None:
    document = example()
    wish = document["requests"][0]
    document["requests"] = [{**wish, "id": f"r{i}", "doctors": ["d9"]} for i in range(10_000)]
    assert len(faults(document)) == 10_000


def told_prices(**changes: object) -> str:
    """A plan of the example with its prices, altered."""
    made = json.loads(plan_to_json(plan(read_problem(json.dumps(example())))))
    return json.dumps({**made, "prices": {**made["prices"], **changes}})


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"total": 1}, "prices.total"),
        ({"unit": "1"}, "prices.unit"),
        ({"unit": 1.5}, "prices.unit"),
        ({"weights": {"urgent": 1, "soon": 1, "routine": 1}}, "prices.weights.move"),
        ({"requests": {"r1": True}}, "prices.requests.r1"),
        ({"requests": ["r1"]}, "prices.requests"),
        ({"doctors": {"d1": {"yesterday": 1}}}, "prices.doctors.d1.yesterday"),
        ({"doctors": {"d1": {"2026-12-01T09:00:00": 1}}}, "prices.doctors.d1.2026-12-01T09:00:00"),
        ({"patients": {"p1": {"2026-12-01T09:00:00+00:00": 1, "2026-12-01T10:00:00+01:00": 1}}}, "prices.patients.p1"),
        ({"shop": 1}, "prices.shop"),
    ],
)
def test_prices_that_cannot_be_read_are_refused(changes: dict, path: str) -> None:
    read_plan(told_prices())
    with pytest.raises(FaultyPlan) as refused:
        read_plan(told_prices(**changes))
    assert path in {fault.path for fault in refused.value.faults}


def test_prices_of_any_size_are_read_and_written() -> None:
    made = read_plan(told_prices(requests={"r1": 10**40}, total=10**40, doctors={}, patients={}))
    assert made.prices is not None
    assert made.prices.total == 10**40
    assert read_plan(plan_to_json(made)) == made
