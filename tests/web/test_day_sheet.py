"""The day sheet: a hospital's day on paper."""

import datetime as dt
import re
from html import unescape

import pytest

from api.web import clocks
from tests.api.town import LISBON, MONDAY, TODAY, Town, at, next_change

ALL_DAY = [{"opens": "00:00", "closes": "24:00"}]


def sheet(town: Town, date: dt.date = MONDAY, **params) -> str:
    answer = town.api.get("/app/day-sheet", params={"hospital": "central", "date": date.isoformat(), **params})
    assert answer.status_code == 200, answer.text
    return answer.text


def rows(text: str) -> list[tuple[str, str]]:
    """The hours and what is said of each, of all doctors in their order."""
    found = re.findall(r'<tr class="\w+">\s*<th scope="row">(.*?)</th>\s*<td>(.*?)</td>', text, re.DOTALL)
    return [(hour, " ".join(unescape(re.sub(r"<[^>]+>", " ", said)).split())) for hour, said in found]


def doctors(text: str) -> list[str]:
    return re.findall(r'<h2 id="sheet-\d+">(.*?) <span', text)


def test_the_day_is_told_by_doctor_and_hour(town: Town):
    town.book("p1", "d1", "10:00")
    town.available("d1", "14:00", "15:30")
    text = sheet(town)
    assert doctors(text) == ["Dr Ana Sousa", "Dr Rui Costa"]
    assert rows(text)[:7] == [
        ("09:00–10:00", "free"),  # noqa: RUF001
        ("10:00–11:00", "Maria Silva p1"),  # noqa: RUF001
        ("11:00–12:00", "free"),  # noqa: RUF001
        ("12:00–13:00", "free"),  # noqa: RUF001
        ("13:00–14:00", "not here"),  # noqa: RUF001
        ("14:00–15:00", "free"),  # noqa: RUF001
        ("15:00–15:30", "less than an hour"),  # noqa: RUF001
    ]
    assert "1 appointment, 4 free hours" in text
    assert f"Central, {clocks.day(MONDAY)}" in text
    assert "Times in Lisbon (UTC+" in text
    assert f"As of {clocks.when(dt.datetime.now(LISBON), LISBON)[:12]}" in text
    assert "data-print" in text
    assert 'rel="next"' in text


def test_what_became_of_appointments_is_told_and_cancelled_ones_are_not(town: Town):
    for start, change in (("09:00", "cancel"), ("10:00", "complete"), ("11:00", "no-show")):
        appointment = town.book("p1", "d1", start)
        town.post(f"/appointments/{appointment['id']}/{change}")
    text = sheet(town, doctor="d1", layout="compact")
    assert [said for _, said in rows(text)] == ["free", "Maria Silva p1 completed", "Maria Silva p1 no-show", "free"]


@pytest.mark.parametrize("layout", ["pages", "compact"])
def test_both_layouts_say_the_same(town: Town, layout):
    town.book("p1", "d1", "10:00")
    text = sheet(town, layout=layout)
    assert rows(text) == rows(sheet(town))
    assert f'class="sheets as-{layout}"' in text
    assert text.count('class="printed"') == (1 if layout == "compact" else 2)


def test_some_doctors_alone(town: Town):
    assert doctors(sheet(town, doctor="d2")) == ["Dr Rui Costa"]
    assert doctors(sheet(town, specialty="cardiology")) == ["Dr Ana Sousa"]
    assert 'name="doctor" value="d2"' in sheet(town, doctor="d2")
    assert "Show all doctors" in sheet(town, doctor="d2")
    assert "Show all doctors" not in sheet(town)


@pytest.mark.parametrize("forward", [True, False])
def test_a_day_on_which_clocks_change_has_its_hours(town: Town, forward):
    day = next_change(forward=forward)
    hours = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), ALL_DAY)
    town.put("/hospitals/central/operating-hours", **hours)
    town.available("d2", "00:00", "04:00", day)
    told = [hour for hour, _ in rows(sheet(town, day, doctor="d2"))]
    if forward:
        assert told == ["00:00–02:00", "02:00–03:00", "03:00–04:00"]  # noqa: RUF001
    else:
        assert told[1:3] == ["01:00 (UTC+1)–01:00 (UTC+0)", "01:00 (UTC+0)–02:00"]  # noqa: RUF001
        assert len(told) == 5


def test_a_day_with_nobody_says_so_and_leads_on(town: Town):
    town.put("/hospitals/central/exceptions/2030-12-25", hours=[], reason="Christmas Day")
    text = sheet(town, dt.date(2030, 12, 25))
    assert "Nobody sees patients on that day" in text
    assert "Christmas Day" in text
    assert "data-print" not in text
    assert "/app/schedule?hospital=central&amp;date=2030-12-25" in text


def test_left_to_itself_it_is_today_at_the_hospital_looked_at_last(town: Town):
    town.post("/hospitals", external_id="another", name="Another", timezone="Europe/Lisbon", operating_hours={})
    first = town.api.get("/app/day-sheet").text
    assert f'name="date" value="{TODAY.isoformat()}"' in first
    assert "at Another on" in first
    sheet(town)
    assert "at Central on" in town.api.get("/app/day-sheet").text


def test_who_or_what_is_unknown_is_a_page_that_says_so(town: Town):
    for params, status in (({"hospital": "x"}, 404), ({"doctor": "x"}, 422), ({"date": "x"}, 422)):
        answer = town.api.get("/app/day-sheet", params=params)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")


def test_without_a_hospital_it_says_what_to_do(api):
    assert "/docs" in api.get("/app/day-sheet").text


def test_a_name_is_written_as_it_is(town: Town):
    town.put("/patients/p9", name="<b>O'Neil & Sons</b>")
    town.post("/appointments", patient="p9", doctor="d1", hospital="central", start=at("10:00"))
    text = sheet(town)
    assert "<b>O" not in text
    assert "O&#39;Neil &amp; Sons" in text
