"""The overview page over HTTP: each section says in a sentence what its table shows, and asks for what has changed."""

import datetime as dt
import re
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import insert, update

from api.web.overview.heat import percent
from api.web.rendering import FOLDER
from models.booking import BookingRequest, PlanningRun, RequestStatus
from models.overview.utilisation import Use
from models.schedule import Appointment
from planner.plan import ConflictKind
from tests.api.town import MONDAY, TODAY, Town, decide, hospital

CONFLICT = {"message": "m", "facts": {}, "certificate": {}, "alternatives": []}


class Overview(HTMLParser):
    """What a reader meets: sentences by the ids of their paragraphs, tables as rows of cells, links by their ids."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        assert answer.status_code == 200, answer.text
        self.html = answer.text
        self.says: dict[str, str] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.classes: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.files: list[str] = []
        self._section = ""
        self._place = ""
        self.feed(answer.text.replace("\u2013", "-"))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        id_ = values.get("id") or ""
        if id_.endswith("-numbers"):
            self._section = id_.removesuffix("-numbers")
        if tag == "p" and id_.endswith("-says"):
            self._place = id_.removesuffix("-says")
            self.says[self._place] = ""
        elif tag == "tr":
            self.tables.setdefault(self._section, []).append([])
        elif tag in ("td", "th"):
            self.tables[self._section][-1].append("")
            self._place = "cell"
        elif tag == "a" and "download" in values:
            self.files.append(values["href"])
        elif tag == "a" and id_:
            self.links[id_] = values["href"]

    def handle_endtag(self, tag):
        if tag in ("td", "th", "p", "tr"):
            self._place = ""

    def handle_data(self, data):
        if self._place == "cell":
            row = self.tables[self._section][-1]
            row[-1] = " ".join(f"{row[-1]} {data}".split())
        elif self._place:
            self.says[self._place] += data

    @property
    def news(self) -> str:
        return re.search(r'id="news"[^>]*hx-get="([^"]+)"', self.html)[1].replace("&amp;", "&")


def show(town: Town, **params) -> Overview:
    return Overview(town.api.get("/app/overview", params={"hospital": "central"} | params))


def queue(town: Town, session, *ages: dt.timedelta, **more) -> list[str]:
    """Requests that were made so long ago."""
    made = []
    for age in ages:
        made.append(town.post("/booking-requests", **town.wish("p1", **more))["id"])
        with session() as open_session:
            open_session.execute(
                update(BookingRequest)
                .where(BookingRequest.id == made[-1])
                .values(created_at=dt.datetime.now(dt.UTC) - age)
            )
    return made


def test_the_fullest_day_is_told_and_every_cell_has_its_figure(town: Town):
    tuesday = MONDAY + dt.timedelta(days=1)
    town.available("d1", "09:00", "13:00", tuesday)
    for start in ("09:00", "10:00", "11:00"):
        town.book("p1", "d1", start, tuesday)
    town.book("p1", "d1", "09:00")
    page = show(town, **{"from": str(MONDAY)}, weeks=1)
    assert page.says["utilisation"] == (
        f"Tuesday {tuesday.day} {tuesday:%B} is fullest: 75% of its hours are booked."
        " Of all 12 hours in these days, 33% are."
    )
    head, everybody, ana, rui = page.tables["utilisation"]
    assert head[:3] == ["Doctor", "All", f"Mon {MONDAY.day} {MONDAY:%b}".replace("Sep", "Sept")]
    assert everybody[:4] == ["All doctors", "33%", "12%", "75%"]
    assert ana[:5] == ["Dr Ana Sousa", "50%", "25%", "75%", "-"]
    assert rui[:4] == ["Dr Rui Costa", "0%", "0%", "-"]
    assert page.links["day-2"] == f"/app/schedule?hospital=central&date={tuesday}"
    assert '<td class="heat-8" title="3 of 4 hours">75%</td>' in page.html


def test_only_nothing_is_0_percent_and_only_everything_is_100():
    told = {
        (booked, bookable): percent(Use(booked, bookable))
        for booked, bookable in ((0, 500), (1, 500), (499, 500), (500, 500))
    }
    assert list(told.values()) == ["0%", "1%", "99%", "100%"]


def test_every_colour_has_figures_that_can_be_read_on_it():
    """4.5 to 1 (WCAG 2.2, 1.4.3) on the light page and on the dark one."""
    text = (FOLDER / "static" / "overview.css").read_text() + (FOLDER / "static" / "style.css").read_text()
    for number in range(11):
        ink = re.search(rf"\.heat-{number} {{ background: var\(--heat-{number}\); color: var\((--[a-z-]+)\)", text)[1]
        backs, inks = (re.findall(rf"{name}: (#[0-9a-f]+)", text) for name in (f"--heat-{number}", ink))
        for back, front in zip(backs, inks[:2], strict=True):
            lighter, darker = sorted((_luminance(back), _luminance(front)), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (number, back, front)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_what_waits_is_told_with_its_age(town: Town, session):
    minute = dt.timedelta(minutes=1)
    queue(town, session, 2 * minute, 3 * minute)
    queue(town, session, 180 * minute, priority="urgent")
    page = show(town)
    assert page.says["waiting"] == "3 requests wait, one of them urgent; the oldest for 3 hours."
    assert page.tables["waiting"] == [
        ["Waiting for", "Urgent", "Soon", "Routine", "All", ""],
        ["under 1 min", "0", "0", "0", "0", ""],
        ["1 to 5 min", "0", "0", "2", "2", ""],
        ["5 to 60 min", "0", "0", "0", "0", ""],
        ["1 to 24 h", "1", "0", "0", "1", ""],
        ["over a day", "0", "0", "0", "0", ""],
        ["Oldest", "3 hours", "-", "3 minutes", "3 hours", ""],
    ]


def test_how_soon_patients_are_seen_is_told(town: Town, session):
    (request,) = queue(town, session, dt.timedelta(0), priority="soon")
    appointment = town.book("p1", "d1", "10:00")
    with session() as open_session:
        decide(open_session, request, RequestStatus.BOOKED)
        asked = dt.datetime.fromisoformat(appointment["start"]) - dt.timedelta(days=2, hours=12)
        open_session.execute(update(BookingRequest).values(created_at=asked))
        open_session.execute(update(Appointment).values(booking_request_id=request))
    page = show(town, days=7)
    assert page.says["delays"] == ("The one patient booked in the last 7 days is seen within 2.5 days of asking.")
    assert page.tables["delays"][2] == ["1 to 3 days", "0", "1", "0", "1", ""]
    assert page.tables["delays"][-2:] == [
        ["Half within, days", "-", "2.5", "-", "2.5", ""],
        ["Nine of ten, days", "-", "2.5", "-", "2.5", ""],
    ]


@pytest.mark.parametrize("kind", ConflictKind)
def test_why_requests_were_refused_is_told_and_leads_to_those_still_in_conflict(town: Town, session, kind):
    for request in queue(town, session, *[dt.timedelta(minutes=1)] * 2):
        with session() as open_session:
            decide(open_session, request, RequestStatus.CONFLICT, CONFLICT | {"kind": kind})
    town.api.delete(f"/booking-requests/{request}")
    page = show(town)
    assert page.says["refusals"].startswith("2 requests were refused in the last 30 days, 2 of them because ")
    assert page.says["refusals"].endswith("; one is still in conflict.")
    _, most, *others = page.tables["refusals"]
    assert most[1:] == ["0", "0", "2", "2", "1", ""]
    assert all(set(row[1:-1]) == {"0"} for row in others)
    (address,) = (link for id_, link in page.links.items() if id_.startswith("refusals-"))
    assert address == f"/app/requests?status=conflict&kind={kind}"
    assert town.api.get(address).status_code == 200


def outcome(status: str, reached: tuple[int, ...], bound: tuple[int, ...]) -> dict:
    def goals(urgent, routine, moved, inconvenience) -> dict:
        booked = {"urgent": urgent, "soon": 0, "routine": routine}
        return {"booked": booked, "moved": moved, "inconvenience": inconvenience}

    return {"status": status, "objective": goals(*reached), "bound": goals(*bound)}


def add_run(session, **values) -> dt.datetime:
    """A run that began four minutes ago; answers when."""
    began = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=4)
    run = {"worker": "w", "lease_expires_at": began, "requests": 500, "started_at": began}
    if values.get("status", "planning") != "planning":
        run["finished_at"] = began + dt.timedelta(seconds=2.1)
    with session() as open_session:
        open_session.execute(insert(PlanningRun).values(run | values))
    return began


@pytest.mark.parametrize(
    ("status", "reached", "bound", "proof"),
    [
        ("optimal", (9, 400, 1, 7), (9, 400, 1, 7), "proved best"),
        ("feasible", (9, 400, 1, 7), (9, 401, 0, 0), "within 0.3%: at most 1 more routine"),
        ("feasible", (9, 400, 1, 7), (10, 500, 0, 0), "within 10%: at most 1 more urgent"),
        ("feasible", (9, 400, 3, 7), (9, 400, 1, 0), "all bookings proved; at most 2 fewer moves"),
        ("feasible", (9, 400, 1, 1000), (9, 400, 1, 998), "all bookings proved; convenience within 0.2%"),
    ],
)
def test_what_a_run_came_to_is_told_with_its_proof(town: Town, session, status, reached, bound, proof):
    done = {"booked": 409, "conflicts": 91, "requeued": 0, "outcome": outcome(status, reached, bound)}
    add_run(session, status="committed", **done)
    page = show(town)
    assert page.says["runs"] == f"The last run, 4 minutes ago, booked 409 of 500 requests in 2.1 s: {proof}."
    head, run = page.tables["runs"]
    assert head[0] == "Started (Lisbon)"
    assert run[1:] == [f"done {proof}", "500", "409", "91", "0", "2.1", ""]


@pytest.mark.parametrize(
    ("values", "says", "outcome_cell"),
    [
        ({}, "A run that began 4 minutes ago plans 500 requests.", "planning"),
        (
            {"status": "failed", "error": "ValueError: <b>"},
            "The last run, 4 minutes ago, failed; its 500 requests were queued again.",
            "failed ValueError: <b>",
        ),
        (
            {"status": "expired", "requests": 1, "error": "its lease ran out"},
            "The last run, 4 minutes ago, was lost; its request was queued again.",
            "lost its lease ran out",
        ),
    ],
)
def test_a_run_that_has_not_ended_well_says_so(town: Town, session, values, says, outcome_cell):
    add_run(session, **values)
    page = show(town)
    assert page.says["runs"] == says
    assert page.tables["runs"][1][1] == outcome_cell
    assert "<b>" not in page.html


def test_more_runs_are_one_click_away(town: Town, session):
    for _ in range(9):
        add_run(session)
    page = show(town)
    assert len(page.tables["runs"]) == 1 + 8
    more = Overview(town.api.get(page.links["more-runs"]))
    assert len(more.tables["runs"]) == 1 + 9
    assert "more-runs" not in more.links


def test_every_section_has_its_numbers_as_a_file(town: Town):
    page = show(town, **{"from": str(MONDAY)}, weeks=3, days=90)
    assert len(page.files) == 5
    assert page.files[0] == f"/overview/utilisation.csv?hospital=central&from={MONDAY}&weeks=3"
    for address in page.files:
        answer = town.api.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")


def test_where_there_is_nothing_it_says_so_and_what_to_do(town: Town):
    town.post("/hospitals", **hospital("empty"))
    page = show(town, hospital="empty")
    assert page.says == {
        "utilisation": "Nobody sees patients in these days.",
        "waiting": "No request waits: all are decided.",
        "delays": "No request was booked in the last 30 days.",
        "refusals": "No request was refused in the last 30 days.",
        "runs": "Nothing has been planned yet.",
    }
    assert page.tables == {}
    assert "utilisation-elsewhere" not in page.links


def test_it_begins_with_the_first_week_in_which_somebody_sees_patients(town: Town):
    page = show(town)
    assert f'value="{MONDAY}"' in page.html
    assert page.tables["utilisation"][1][:3] == ["All doctors", "0%", "0%"]
    assert page.says["utilisation"] == "None of the 8 hours that can be booked in these days is booked yet."
    town.available("d1", "09:00", "10:00", TODAY + dt.timedelta(days=1))
    this_week = TODAY + dt.timedelta(days=1) - dt.timedelta(days=(TODAY + dt.timedelta(days=1)).weekday())
    assert f'value="{this_week}"' in show(town).html


def test_days_without_hours_lead_to_the_next_that_have_some(town: Town):
    page = show(town, **{"from": str(MONDAY - dt.timedelta(weeks=5))}, weeks=1)
    assert page.says["utilisation"] == "Nobody sees patients in these days."
    assert f"from={MONDAY}" in page.links["utilisation-elsewhere"]


def test_the_address_holds_the_whole_state(town: Town):
    town.post("/hospitals", **hospital("other"))
    page = show(town, hospital="other", **{"from": str(MONDAY)}, weeks=3, days=90)
    assert page.links["later"] == (
        f"/app/overview?hospital=other&from={MONDAY + dt.timedelta(weeks=3)}&weeks=3&days=90&runs=8"
    )
    assert f"from={MONDAY - dt.timedelta(weeks=3)}" in page.links["earlier"]
    assert "from=" not in page.links["this-week"]
    for chosen in ("other", "3", "90"):
        assert f'<option value="{chosen}" selected>' in page.html
    assert "hospital=other" not in show(town, hospital="").links["later"]
    assert '<option value="other" selected>' in show(town, hospital="").html


def test_without_a_hospital_the_page_says_how_to_add_one(api: httpx.Client):
    page = Overview(api.get("/app/overview"))
    assert "slotwise import" in page.html
    assert list(page.says) == ["waiting", "delays", "refusals", "runs"]


def test_nothing_is_sent_while_nothing_changes_and_then_only_what_has(town: Town, session):
    page = show(town)
    assert town.api.get(page.news).status_code == 204
    queue(town, session, dt.timedelta(minutes=10), dt.timedelta(minutes=20))
    news = Overview(town.api.get(page.news))
    assert news.says == {"waiting": "2 requests wait, none of them urgent; the oldest for 20 minutes."}
    assert "<html" not in news.html
    assert news.html.count('hx-swap-oob="true"') == 2
    assert town.api.get(news.news).status_code == 204
    town.book("p1", "d1", "10:00")
    assert list(Overview(town.api.get(news.news)).says) == ["utilisation"]


def test_times_of_runs_are_the_hospitals(town: Town, session):
    began = add_run(session)
    town.post("/hospitals", **hospital("delhi", "Asia/Kolkata"))
    for name, place, zone in (("central", "Lisbon", "Europe/Lisbon"), ("delhi", "Kolkata", "Asia/Kolkata")):
        head, run = show(town, hospital=name).tables["runs"]
        assert head[0] == f"Started ({place})"
        assert run[0].endswith(f", {began.astimezone(ZoneInfo(zone)):%H:%M}")


def test_what_is_asked_wrongly_is_told_on_a_page(town: Town):
    for params in ({"hospital": "nowhere"}, {"from": "today"}, {"weeks": "6"}, {"days": "0"}, {"runs": "101"}):
        answer = town.api.get("/app/overview", params={"hospital": "central"} | params)
        assert answer.status_code in (404, 422)
        assert answer.headers["content-type"].startswith("text/html")


def test_names_are_text_and_nothing_else(town: Town):
    town.put("/users/d1", name="<script>alert(1)</script>", role="doctor", specialties=["cardiology"])
    assert "<script>alert" not in show(town).html
