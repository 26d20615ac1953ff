"""What the options of `slotwise reschedule plan` ask for: times by the one clock that is meant, causes, faults."""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.client import Api
from cli.output import Exit, Stop
from cli.reschedule.asking import Wanted, asked_for, option_of
from cli.reschedule.clocks import NoInstant, instant, typed
from tests.api.town import MONDAY, at, hospital

LISBON = {"Central": "Europe/Lisbon"}
NOTHING = Wanted(
    doctors=(),
    hospital=None,
    start=None,
    end=None,
    closed=False,
    room=False,
    hours=None,
    appointments=None,
    latest=None,
    label=None,
    what_if=False,
    policy={},
)


def wanted(**options: object) -> Wanted:
    return dataclasses.replace(NOTHING, **options)


@pytest.fixture
def connection(town, served, token) -> Iterator[Api]:
    with Api(served.address, token) as api:
        yield api


def meant(text: str, hospitals: dict[str, str], *, ends: bool = False) -> str:
    return instant(typed(text), hospitals, ends=ends).isoformat()


def test_a_time_without_offset_is_by_the_clock_of_the_hospital() -> None:
    assert meant("2026-12-07T09:00", {"Blue Lake": "Australia/Adelaide"}) == "2026-12-07T09:00:00+10:30"
    assert meant("2026-12-07 09:00", LISBON) == "2026-12-07T09:00:00+00:00"


def test_a_time_with_its_offset_is_taken_as_it_is() -> None:
    assert meant("2026-12-07T09:00+02:00", {}) == "2026-12-07T09:00:00+02:00"


def test_a_date_is_the_whole_day_also_where_the_clocks_change() -> None:
    assert meant("2027-03-28", LISBON) == "2027-03-28T00:00:00+00:00"
    assert meant("2027-03-28", LISBON, ends=True) == "2027-03-29T00:00:00+01:00"


def test_hospitals_on_one_clock_are_as_good_as_one_hospital() -> None:
    two = {"Blue Lake": "Australia/Adelaide", "Naracoorte": "Australia/Adelaide"}
    assert meant("2026-12-07T09:00", two) == "2026-12-07T09:00:00+10:30"


@pytest.mark.parametrize(
    ("text", "hospitals", "told"),
    [
        ("2027-03-28T01:30", LISBON, "does not exist: the clocks of Europe/Lisbon skip it; 2027-03-28T02:30+01:00"),
        ("2027-10-31T01:30", LISBON, "2027-10-31T01:30+01:00 for the first or 2027-10-31T01:30+00:00 for the second"),
        ("2026-12-07", {**LISBON, "Delhi": "Asia/Kolkata"}, "Central (Europe/Lisbon), Delhi (Asia/Kolkata); name one"),
        ("2026-12-07", {}, "no clock that is known; name one with --hospital, or write the offset"),
        ("tomorrow", LISBON, "is no date and no time; write it like 2026-12-07"),
        ("2026-02-30", LISBON, "is no date and no time"),
    ],
)
def test_a_time_that_means_nothing_certain_is_refused_with_what_to_write(text: str, hospitals, told: str) -> None:
    with pytest.raises(NoInstant, match=re.escape(told)):
        meant(text, hospitals)


def test_the_clock_of_a_doctor_is_that_of_their_only_hospital(connection: Api) -> None:
    asked = asked_for(connection, wanted(doctors=["d1"], start=str(MONDAY), end=f"{MONDAY}T12:00"), as_json=False)
    assert asked == {
        "cause": "doctor_unavailable",
        "what_if": False,
        "scope": {"doctors": ["d1"], "start": at("00:00"), "end": at("12:00")},
        "policy": {},
    }


def test_a_doctor_at_hospitals_with_different_clocks_has_none_until_one_is_named(connection: Api, town) -> None:
    town.post("/hospitals", **hospital("delhi", "Asia/Kolkata"))
    tuesday = MONDAY + dt.timedelta(days=1)
    hours = {"start": f"{tuesday}T10:00+05:30", "end": f"{tuesday}T12:00+05:30"}
    town.post("/availabilities", doctor="d1", hospital="delhi", **hours)
    away = wanted(doctors=["d1"], start=str(MONDAY), end=str(MONDAY))
    with pytest.raises(Stop, match="2 faults") as raised:
        asked_for(connection, away, as_json=False)
    assert raised.value.code is Exit.USAGE
    asked = asked_for(connection, dataclasses.replace(away, hospital="delhi"), as_json=False)
    assert asked["scope"]["start"] == f"{MONDAY}T00:00:00+05:30"
    with_offsets = {"start": at("09:00"), "end": at("12:00"), "latest": at("18:00")}
    assert asked_for(connection, wanted(doctors=["d1"], **with_offsets), as_json=False)["policy"] == {
        "latest": at("18:00")
    }


def test_every_faulty_time_is_told_at_once(connection: Api, capsys: pytest.CaptureFixture[str]) -> None:
    faulty = wanted(hospital="central", closed=True, start="soon", end="2027-03-28T01:30", latest="2026-13-01")
    with pytest.raises(Stop, match="3 faults"):
        asked_for(connection, faulty, as_json=False)
    told = capsys.readouterr().err
    assert all(option in told for option in ("--from", "--until", "--latest"))


def test_unknown_hospitals_and_doctors_are_told_together(connection: Api, capsys: pytest.CaptureFixture[str]) -> None:
    room = wanted(hospital="nowhere", room=True, doctors=["d1", "d9"], start="2026-12-07", end="2026-12-07")
    with pytest.raises(Stop, match="2 faults"):
        asked_for(connection, room, as_json=False)
    told = capsys.readouterr().err
    assert "There is no hospital 'nowhere'" in told
    assert "There is no doctor 'd9'" in told


WEEK = "hospital,weekday,opens,closes\ncentral,monday,09:00,12:00\ncentral,tuesday,09:00,12:00\n"


def test_new_weekly_hours_come_from_a_file_of_hours(connection: Api, tmp_path: Path) -> None:
    file = tmp_path / "week.csv"
    file.write_text(WEEK)
    asked = asked_for(connection, wanted(hours=file), as_json=False)
    morning = [{"opens": "09:00", "closes": "12:00"}]
    assert asked["cause"] == "hours_changed"
    assert asked["scope"] == {"hospital": "central", "operating_hours": {"monday": morning, "tuesday": morning}}


@pytest.mark.parametrize(
    ("lines", "of", "told"),
    [
        (WEEK + "west,monday,09:00,12:00\n", None, "these hospitals: central, west; say which"),
        (WEEK, "west", "these hospitals: central; west is not among them"),
        ("hospital,date\ncentral,2026-12-25\n", None, "has dates for central"),
        ("hospital,weekday,opens,closes\ncentral,monday,9,12\n", None, "2 faults"),
    ],
)
def test_a_file_that_is_not_the_week_of_one_hospital_is_refused(
    connection: Api, tmp_path: Path, lines: str, of: str | None, told: str
) -> None:
    file = tmp_path / "week.csv"
    file.write_text(lines)
    with pytest.raises(Stop, match=told) as raised:
        asked_for(connection, wanted(hours=file, hospital=of), as_json=False)
    assert raised.value.code is Exit.USAGE


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"closed": True, "room": True}, "--closed and --room are different causes"),
        ({}, "Add --doctor, --from, --until: doctor unavailable needs"),
        ({"doctors": ["d1"], "start": "2026-12-07"}, "Add --until"),
        ({"closed": True, "doctors": ["d1"], "hospital": "c", "start": "x", "end": "y"}, "Leave out --doctor"),
        ({"appointments": Path("a.csv"), "hospital": "c"}, "Leave out --hospital: it means nothing for appointments"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, object], told: str) -> None:
    with pytest.raises(Stop, match=told) as raised:
        _ = wanted(**options).cause
    assert raised.value.code is Exit.USAGE


def test_faults_of_the_api_are_told_by_their_options() -> None:
    assert option_of("scope/doctors/0") == "--doctor"
    assert option_of("policy/latest") == "--latest"
    assert option_of("policy") == "policy"
