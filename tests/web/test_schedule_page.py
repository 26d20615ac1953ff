"""The schedule page over HTTP: what it shows, to whom, on which days, and where its clicks lead."""

import datetime as dt
import json
import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from tests.api.town import EVERY_DAY, MONDAY, TODAY, Town, at, hospital, next_change

TUESDAY = MONDAY + dt.timedelta(days=1)
ROUND_THE_CLOCK = {day: [{"opens": "00:00", "closes": "24:00"}] for day in EVERY_DAY}


def plain(answer: httpx.Response) -> str:
    """The text of an answer with plain dashes, which can be written here."""
    return answer.text.replace("\u2013", "-").replace("\\u2013", "-")


class Page(HTMLParser):
    """A page as a reader meets it: its words, its links and the buttons that open dialogs."""

    def __init__(self, answer: httpx.Response, status: int = 200) -> None:
        super().__init__()
        assert answer.status_code == status, answer.text
        self.links: dict[str, str] = {}
        self.buttons: dict[str, str] = {}
        self.items: list[str] = []
        self.data = None
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self._said: list[str] = []
        self.words: list[str] = []
        self.feed(plain(answer))
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        if tag in ("a", "button", "li", "script"):
            self._open.append((tag, dict(attributes)))
            self._said.append("")

    def handle_endtag(self, tag):
        if self._open and tag == self._open[-1][0]:
            (_, attributes), said = self._open.pop(), " ".join(self._said.pop().split())
            name = attributes.get("aria-label") or said
            if tag == "a" and attributes.get("href"):
                self.links[name] = attributes["href"]
            elif tag == "button" and attributes.get("hx-get"):
                self.buttons[name] = attributes["hx-get"]
            elif tag == "li":
                self.items.append(said)
            elif attributes.get("id") == "calendar-data":
                self.data = json.loads(said)

    def handle_data(self, data):
        self._said = [each + data for each in self._said]
        self.words.append(data)


def show(town: Town, status: int = 200, **params) -> Page:
    params = {"hospital": "central", "date": str(MONDAY), "as": "list"} | params
    return Page(town.api.get("/app/schedule", params={key: value for key, value in params.items() if value}), status)


def blocks(page: Page, kind: str) -> list[dict]:
    return [event for event in page.data["events"] if event["extendedProps"]["kind"] == kind]


def click(town: Town, start: str, end: str, doctor: str = "d1", at: str = "central") -> httpx.Response:
    return town.api.get("/app/schedule/at", params={"hospital": at, "doctor": doctor, "start": start, "end": end})


def led_to(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """The path and the query of the dialog to which a click leads."""
    assert answer.status_code == 303, answer.text
    address = urlsplit(answer.headers["location"])
    return address.path, {name: value for name, (value,) in parse_qs(address.query).items()}


def test_the_list_has_every_hour_in_order_with_what_can_be_done(town: Town):
    town.book("p1", "d1", "10:00")
    page = show(town, doctor="d1")
    told = [re.sub(r"\s+", " ", item) for item in page.items if re.match(r"\d\d:", item)]
    assert told == [
        "09:00-10:00 free Book",
        "10:00-11:00 Maria Silva",
        "11:00-12:00 free Book",
        "12:00-13:00 free Book",
        "13:00-18:00 open Add availability",
    ]
    book = urlsplit(page.buttons["Book 11:00-12:00 with Dr Ana Sousa"])
    assert book.path == "/app/dialogs/book"
    assert parse_qs(book.query)["start"] == [at("11:00")]
    add = urlsplit(page.buttons["Add an availability 13:00-18:00 for Dr Ana Sousa"])
    assert (add.path, parse_qs(add.query)["start"], parse_qs(add.query)["end"]) == (
        "/app/dialogs/availability/new",
        [at("13:00")],
        [at("18:00")],
    )
    assert page.buttons["Maria Silva"].startswith("/app/dialogs/appointments/")
    assert page.buttons["Available 09:00-13:00, Dr Ana Sousa: change or withdraw"].startswith(
        "/app/dialogs/availabilities/"
    )


def test_a_lunch_break_is_told_and_an_ended_appointment_says_how_it_ended(town: Town):
    hours = {"monday": [{"opens": "09:00", "closes": "12:30"}, {"opens": "13:30", "closes": "17:00"}]}
    town.post("/hospitals", **hospital("lunch", hours=hours))
    town.post("/availabilities", doctor="d1", hospital="lunch", start=at("14:00"), end=at("16:00"))
    town.api.delete(f"/availabilities/{town.get('/availabilities', doctor='d2')['items'][0]['id']}")
    booked = town.book("p2", "d1", "09:00")
    town.post(f"/appointments/{booked['id']}/no-show")
    assert "12:30-13:30 closed" in show(town, hospital="lunch").items
    ended = next(item for item in show(town).items if "João Reis" in item)
    assert ended.endswith("no-show")


def test_the_grid_draws_the_same_with_a_table_of_instants(town: Town):
    booked = town.book("p1", "d1", "10:00")
    page = show(town, **{"as": "grid"})
    assert [doctor["title"] for doctor in page.data["resources"]] == ["Dr Ana Sousa", "Dr Rui Costa"]
    assert page.data["rows"] == [f"{hour:02}:00" for hour in range(9, 18)]
    assert page.data["hours"][0][1] == [at("10:00"), at("11:00")]
    (drawn,) = blocks(page, "appointment")
    assert drawn["title"] == "Maria Silva"
    assert drawn["id"].startswith(booked["id"])
    assert (drawn["start"], drawn["end"]) == ("2001-01-01T00:15:00", "2001-01-01T00:30:00")
    assert drawn["startEditable"]
    assert [block["title"] for block in blocks(page, "available")] == ["Available 09:00-13:00"] * 2
    assert blocks(page, "closed") == []
    again = town.api.get(page.links["Grid"].replace("/app/schedule", "/app/schedule/data"))
    assert json.loads(plain(again)) | {"clock": ""} == page.data | {"clock": ""}


def test_lunch_is_one_row_and_half_hours_are_half_of_one(town: Town):
    hours = {"monday": [{"opens": "08:30", "closes": "12:00"}, {"opens": "14:00", "closes": "16:00"}]}
    town.post("/hospitals", **hospital("halves", hours=hours))
    page = show(town, hospital="halves", also="d1", **{"as": "grid"})
    assert page.data["rows"] == [
        "08:00", "09:00", "10:00", "11:00", "Closed 12:00-14:00", "14:00", "15:00",
    ]  # fmt: skip
    assert [(block["start"][11:], block["end"][11:]) for block in blocks(page, "closed")] == [
        ("00:00:00", "00:07:30"),
        ("01:00:00", "01:15:00"),
    ]
    assert page.data["hours"][0][4] is None


@pytest.mark.parametrize(("forward", "rows"), [(True, 23), (False, 25)])
def test_a_day_on_which_clocks_change_has_all_its_hours_and_says_so(town: Town, forward, rows):
    date = next_change(forward=forward)
    town.post("/hospitals", **hospital("round", hours=ROUND_THE_CLOCK))
    town.post(
        "/availabilities", doctor="d1", hospital="round",
        start=at("00:00", date), end=at("00:00", date + dt.timedelta(days=1)),
    )  # fmt: skip
    page = show(town, hospital="round", date=str(date), **{"as": "grid"})
    assert len(page.data["rows"]) == rows
    assert f"so the day has {rows} hours" in page.text
    assert len({tuple(hour) for hour in page.data["hours"][0]}) == rows
    listed = [item for item in show(town, hospital="round", date=str(date)).items if "free" in item]
    assert len(set(listed)) == rows
    if not forward:
        assert page.data["rows"][1:3] == ["01:00 UTC+1", "01:00 UTC+0"]
        booked = [led_to(click(town, *page.data["hours"][0][row], at="round"))[1]["start"] for row in (1, 2)]
        assert booked == [f"{date}T01:00:00+01:00", f"{date}T01:00:00+00:00"]


def test_a_night_belongs_to_the_day_on_which_it_starts(town: Town):
    town.post("/hospitals", **hospital("night", hours={"monday": [{"opens": "22:00", "closes": "02:00"}]}))
    town.post("/availabilities", doctor="d1", hospital="night", start=at("22:00"), end=at("02:00", TUESDAY))
    page = show(town, hospital="night", **{"as": "grid"})
    assert page.data["rows"] == ["22:00", "23:00", "00:00", "01:00"]
    assert page.data["hours"][0][3] == [at("01:00", TUESDAY), at("02:00", TUESDAY)]
    assert "Next open day" in show(town, hospital="night", date=str(TUESDAY)).text


def test_times_are_the_hospitals_whose_place_is_named(town: Town):
    town.post("/hospitals", **hospital("kolkata", "Asia/Kolkata"))
    assert re.search(r"Times in Kolkata, UTC\+5:30, now \d\d:\d\d", show(town, hospital="kolkata").text)


def test_where_a_doctor_is_meanwhile_is_told(town: Town):
    town.post("/hospitals", **hospital("other"))
    grid = show(town, hospital="other", also="d1", **{"as": "grid"})
    (there,) = blocks(grid, "elsewhere")
    assert (there["title"], there["start"][11:], there["end"][11:]) == ("At Central", "00:00:00", "01:00:00")
    listed = show(town, hospital="other", also="d1")
    assert "09:00-13:00 At Central" in listed.items
    assert [name for name in listed.buttons if "Add" in name] == ["Add an availability 13:00-18:00 for Dr Ana Sousa"]


def test_only_the_doctors_asked_for_are_shown_and_others_can_be_added(town: Town):
    town.put("/users/d3", name="Dr New Here", role="doctor", specialties=["surgery"])

    def names(**params):
        return [doctor["title"] for doctor in show(town, **params, **{"as": "grid"}).data["resources"]]

    assert names() == ["Dr Ana Sousa", "Dr Rui Costa"]
    assert names(doctor="d2") == ["Dr Rui Costa"]
    assert names(specialty="cardiology") == ["Dr Ana Sousa"]
    assert names(also="d3") == ["Dr New Here", "Dr Ana Sousa", "Dr Rui Costa"]
    assert names(doctor="d2", also="d3") == ["Dr New Here", "Dr Rui Costa"]
    added = show(town).links["Dr New Here surgery"]
    assert parse_qs(urlsplit(added).query)["also"] == ["d3"]
    assert "Dr New Here" not in {name.removesuffix(" surgery") for name in show(town, also="d3").links}


def test_the_address_holds_the_whole_state(town: Town):
    page = show(town, view="week", doctor="d1", specialty="cardiology", also="d2")
    for name, changed in (
        ("Next week", {"date": [str(MONDAY + dt.timedelta(days=7))]}),
        ("Previous week", {"date": [str(MONDAY - dt.timedelta(days=7))]}),
        ("Day", {"view": ["day"]}),
        ("Grid", {"as": ["grid"]}),
    ):
        asked = parse_qs(urlsplit(page.links[name]).query)
        expected = {
            "hospital": ["central"], "date": [str(MONDAY)], "view": ["week"], "doctor": ["d1"],
            "specialty": ["cardiology"], "also": ["d2"], "as": ["list"],
        }  # fmt: skip
        assert asked == expected | changed


def test_a_form_may_leave_fields_empty(town: Town):
    answer = town.api.get("/app/schedule?hospital=&date=&specialty=&view=day&as=list")
    assert answer.status_code == 200
    assert TODAY.strftime("%A") in Page(answer).text


def test_a_week_with_many_doctors_comes_in_parts(town: Town):
    for number in range(13):
        town.put(f"/users/w{number:02}", name=f"Dr Week {number:02}", role="doctor")
        town.available(f"w{number:02}", "09:00", "10:00")
    page = show(town, view="week", **{"as": "grid"})
    assert len(page.data["resources"]) == 12
    assert "Doctors 1 to 12 of 15" in page.text
    rest = Page(town.api.get(page.links["Next doctors"]))
    assert [doctor["title"] for doctor in rest.data["resources"]] == ["Dr Week 10", "Dr Week 11", "Dr Week 12"]
    assert len(show(town, **{"as": "grid"}).data["resources"]) == 15


def test_a_closed_day_says_why_and_leads_to_the_next_open_one(town: Town):
    town.put(f"/hospitals/central/exceptions/{TUESDAY}", hours=[], reason="Works")
    for form in ("grid", "list"):
        page = show(town, date=str(TUESDAY), **{"as": form})
        assert "Central is closed: Works" in page.text
        (address,) = [href for name, href in page.links.items() if name.startswith("Next open day")]
        assert f"date={TUESDAY + dt.timedelta(days=1)}" in address
    week = show(town, view="week", **{"as": "grid"})
    assert {block["title"] for block in blocks(week, "closed")} == {"Closed: Works"}
    assert "Closed: Works" in show(town, view="week").text


def test_other_hours_than_usual_are_told(town: Town):
    town.put(
        f"/hospitals/central/exceptions/{TUESDAY}", hours=[{"opens": "10:00", "closes": "12:00"}], reason="Holiday"
    )
    assert "other opening hours than usual (Holiday)" in show(town, date=str(TUESDAY), also="d1").text


def test_a_day_with_nobody_offers_the_next_and_doctors_to_add(town: Town):
    page = show(town, date=str(MONDAY - dt.timedelta(days=1)))
    assert "Nobody is available on this day" in page.text
    (address,) = [href for name, href in page.links.items() if name.startswith("Next day with hours")]
    assert f"date={MONDAY}" in address
    added = Page(town.api.get(page.links["Dr Ana Sousa cardiology"]))
    assert "Add an availability 09:00-18:00 for Dr Ana Sousa" in added.buttons


def test_a_choice_that_leaves_nobody_says_so(town: Town):
    page = show(town, specialty="surgery")
    assert "No doctor of this choice" in page.text
    assert "specialty" not in page.links["Show everyone"]


def test_days_beyond_the_known_hours_say_so(town: Town):
    assert "No opening hours are known" in show(town, date="2190-01-01").text


def test_hospitals_without_hours_and_no_hospital_at_all_say_what_to_do(town: Town):
    town.post("/hospitals", **hospital("empty", hours={}))
    assert "PUT /hospitals/empty/operating-hours" in show(town, hospital="empty").text


def test_without_a_hospital_the_page_says_how_to_add_one(api: httpx.Client):
    assert "slotwise import" in Page(api.get("/app/schedule")).text
    assert api.get("/app/schedule/data").json() == {}


def test_the_hospital_looked_at_last_comes_first_next_time(town: Town):
    town.post("/hospitals", **hospital("other"))
    show(town, hospital="other")
    assert "hospital=other" in Page(town.api.get("/app/schedule")).links["Week"]


def test_what_is_asked_wrongly_is_told_on_a_page(town: Town):
    for params in ({"doctor": "d9"}, {"date": "tomorrow"}, {"view": "month"}, {"part": "0"}):
        answer = town.api.get("/app/schedule", params=params)
        assert answer.status_code == 422, params
        assert answer.headers["content-type"].startswith("text/html")
    assert town.api.get("/app/schedule", params={"hospital": "nowhere"}).status_code == 404


def test_a_click_on_a_free_hour_leads_to_booking_it(town: Town):
    path, asked = led_to(click(town, at("09:00"), at("10:00")))
    assert (path, asked["start"]) == ("/app/dialogs/book", at("09:00"))


def test_a_click_on_an_empty_hour_leads_to_a_new_availability(town: Town):
    path, asked = led_to(click(town, at("14:00"), at("15:00")))
    assert (path, asked["start"], asked["end"]) == ("/app/dialogs/availability/new", at("14:00"), at("15:00"))


def test_hours_dragged_over_lead_to_a_longer_availability_cut_to_the_opening(town: Town):
    path, asked = led_to(click(town, at("16:00"), at("20:00")))
    assert (path, asked["start"], asked["end"]) == ("/app/dialogs/availability/new", at("16:00"), at("18:00"))


def test_a_click_on_what_is_no_whole_free_hour_leads_to_its_availability(town: Town):
    town.book("p1", "d1", "12:00")
    path, _ = led_to(click(town, at("12:00"), at("13:00")))
    assert path == f"/app/dialogs/availabilities/{town.get('/availabilities', doctor='d1')['items'][0]['id']}"


def test_a_click_after_somebody_else_was_quicker_leads_to_what_is_true_now(town: Town):
    town.available("d1", "14:00", "16:00")
    assert led_to(click(town, at("14:00"), at("15:00")))[0] == "/app/dialogs/book"


def test_a_click_on_a_closed_hour_says_so(town: Town):
    answer = click(town, at("20:00"), at("21:00"))
    assert answer.status_code == 200
    assert "Central is closed at that time" in answer.text


def test_past_hours_are_dimmed_and_cannot_be_booked(town: Town, session):
    """Openings reach into the past once a hospital is old enough; here they are put there."""
    yesterday = TODAY - dt.timedelta(days=1)
    during = f"[{at('09:00', yesterday)},{at('12:00', yesterday)})"
    with session() as open_session:
        open_session.execute(
            text("INSERT INTO opening (hospital_id, during) SELECT id, CAST(:during AS tstzrange) FROM hospital"),
            {"during": during},
        )
        open_session.execute(
            text(
                "INSERT INTO availability (doctor_id, hospital_id, during)"
                " SELECT d.id, h.id, CAST(:during AS tstzrange) FROM hospital h, app_user d WHERE d.external_id = 'd1'"
            ),
            {"during": during},
        )
    grid = show(town, date=str(yesterday), **{"as": "grid"})
    (past,) = blocks(grid, "past")
    assert (past["start"], past["end"]) == ("2001-01-01T00:00:00", "2001-01-01T00:45:00")
    listed = show(town, date=str(yesterday))
    assert "09:00-12:00 over" in listed.items
    assert not [name for name in listed.buttons if name.startswith("Book")]


def test_the_day_can_be_printed_as_it_is_shown(town: Town):
    address = f"/app/schedule?hospital=central&date={MONDAY}&doctor=d2"
    (path,) = re.findall(r'href="(/app/day-sheet[^"]+)"', town.api.get(address).text)
    sheet = town.api.get(path.replace("&amp;", "&"))
    assert sheet.status_code == 200
    assert "Dr Rui Costa" in sheet.text
    assert "Dr Ana Sousa" not in sheet.text
    assert "/app/day-sheet" not in town.api.get(f"{address}&view=week").text
