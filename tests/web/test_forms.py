"""What forms send: every fault beside its field, and times by the clocks of a hospital."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from api.web import forms
from api.web.forms import Faults
from models.faults import Fault
from models.inputs import BookingRequestIn

LISBON = ZoneInfo("Europe/Lisbon")


def reading(**sent: str) -> tuple[dt.datetime | None, Faults]:
    faults: Faults = {}
    return forms.read_time({name: [value] for name, value in sent.items()}, "start", LISBON, faults), faults


def test_a_time_is_read_by_the_hospitals_clock():
    assert reading(start="2027-07-12T10:00") == (dt.datetime(2027, 7, 12, 9, tzinfo=dt.UTC), {})


def test_a_time_left_empty_is_no_fault_of_this_field():
    assert reading() == (None, {})


@pytest.mark.parametrize(
    ("text", "told"), [("2026-03-29T01:30", "skip 01:30"), ("noon", "choose one"), ("10:00", "choose one")]
)
def test_a_time_that_is_none_is_told_at_its_field(text, told):
    instant, faults = reading(start=text)
    assert instant is None
    assert told in faults["start"][0]


def test_a_time_beyond_the_calendar_is_a_fault():
    faults: Faults = {}
    assert forms.read_time({"start": ["9999-12-31T23:00"]}, "start", ZoneInfo("America/New_York"), faults) is None
    assert "choose one" in faults["start"][0]


def test_a_time_that_comes_twice_needs_the_answer_which():
    assert "twice" in reading(start="2026-10-25T01:30")[1]["start"][0]
    first, second = (reading(start="2026-10-25T01:30", start_fold=fold)[0] for fold in "01")
    assert (first, second) == (
        dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC),
        dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC),
    )


def test_an_answer_to_a_question_that_does_not_arise_changes_nothing():
    assert reading(start="2027-07-12T10:00", start_fold="1") == reading(start="2027-07-12T10:00")


def test_all_faults_are_told_at_once_each_at_its_field():
    faults: Faults = {}
    assert forms.read(BookingRequestIn, {"priority": "whenever", "earliest": "soon"}, faults) is None
    assert {"patient", "priority", "earliest", "latest"} <= set(faults)
    assert all(sentence[0].isupper() and sentence.endswith(".") for said in faults.values() for sentence in said)


def test_a_refusal_is_told_at_the_field_it_is_about_and_once():
    faults: Faults = {"": ["Something else."]}
    twice = [Fault("unknown_doctor", "doctors[1]", "x", "There is no doctor.") for _ in range(2)]
    assert forms.of(twice, faults) == {"": ["Something else."], "doctors": ["There is no doctor."]}
