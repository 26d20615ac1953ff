"""The pages of booking requests over HTTP: the list, one request, the form, files and batches."""

import datetime as dt
import re
import uuid
from html.parser import HTMLParser

import httpx
import pytest
from sqlalchemy import select

from api.web.requests.contested import contested
from api.web.requests.telling import Told, timezones
from models.booking import BookingRequest, RequestStatus
from tests.api.town import LISBON, MONDAY, Town, at, decide, hospital, next_change

FRAGMENT = {"HX-Request": "true"}
HOURS = ("09:00", "10:00", "11:00", "12:00")


class Page(HTMLParser):
    """A page as a reader meets it: its words, its links, and what its forms would send."""

    def __init__(self, answer: httpx.Response, status: int = 200) -> None:
        super().__init__()
        assert answer.status_code == status, answer.text
        self.links: dict[str, str] = {}
        self.words: list[str] = []
        self.sent: dict[str, list[str]] = {}
        self.buttons: list[dict[str, str | None]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._link: tuple[str, list[str]] | None = None
        self._select = ""
        self.feed(answer.text.replace("\u2013", "-"))
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        own = dict(attributes)
        self.tags.append((tag, own))
        if tag == "a" and "href" in own:
            self._link = (own["href"], [])
        elif tag == "button":
            self.buttons.append(own)
        elif tag == "select":
            self._select = own.get("name", "")
        elif tag == "option" and "selected" in own and self._select:
            self.sent.setdefault(self._select, []).append(own.get("value", ""))
        elif tag == "input" and "name" in own and ("checked" in own or own.get("type") not in ("radio", "checkbox")):
            self.sent.setdefault(own["name"], []).append(own.get("value") or "")

    def handle_endtag(self, tag):
        if tag == "a" and self._link:
            self.links[" ".join("".join(self._link[1]).split())] = self._link[0]
            self._link = None

    def handle_data(self, data):
        self.words.append(data)
        if self._link:
            self._link[1].append(data)

    def triggers(self, id_: str) -> str:
        """When a part of the page asks again."""
        return next(own["hx-trigger"] for _, own in self.tags if own.get("id") == id_)


def queue(town: Town, **more) -> str:
    return town.post("/booking-requests", **town.wish(**more))["id"]


def in_conflict(town: Town, session, kind: str = "hours_taken", facts=None, alternatives=(), **wish) -> str:
    """A request that a planner has refused."""
    id_ = queue(town, **wish)
    conflict = {"kind": kind, "message": "It cannot be.", "facts": facts or {"appointments": []}, "certificate": {}}
    with session() as opened:
        decide(opened, id_, RequestStatus.CONFLICT, conflict | {"alternatives": list(alternatives)})
    return id_


def an_alternative(town: Town, start: str = "10:00", doctor: str = "d2") -> dict:
    doctors = {each["external_id"]: each["id"] for each in town.get("/doctors")["items"]}
    place = town.get("/hospitals/central")["id"]
    return {"doctor": doctors[doctor], "hospital": place, "start": at(start), "gives_up": ["the doctor"]}


# The list


def test_without_any_request_the_list_says_what_to_do(town: Town):
    page = Page(town.api.get("/app/requests"))
    assert "No booking request yet" in page.text
    assert page.links["New request"] == "/app/requests/new"


def test_the_list_tells_each_wish_and_what_came_of_it_newest_first(town: Town, session):
    booked, failed = queue(town, doctors=["d1", "d2"], hospitals=["central"]), queue(town, specialty="cardiology")
    refused = in_conflict(town, session, alternatives=[an_alternative(town)], priority="urgent", patient="p2")
    with session() as opened:
        decide(opened, failed, RequestStatus.FAILED)
        decide(opened, booked, RequestStatus.BOOKED)
    page = Page(town.api.get("/app/requests"))
    assert page.text.index("João Reis") < page.text.index("Maria Silva")
    for words in (
        "Dr Ana Sousa, then Dr Rui Costa · Central",
        "Any doctor of cardiology · any hospital",
        "09:00-18:00, Lisbon",
        "Hours taken 1 alternative",
        "It could not be planned.",
        "all 3",
        "booked 1",
        "conflict 1",
    ):
        assert words in page.text, words
    assert page.links["João Reis"] == f"/app/requests/{refused}"


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("status=conflict", {"conflict"}),
        ("status=queued", {"doctor", "hospital", "urgent"}),
        ("priority=urgent", {"urgent"}),
        ("kind=hours_taken", {"conflict"}),
        ("kind=patient_busy", set()),
        ("doctor=d2", {"doctor"}),
        ("hospital=central", {"hospital"}),
        ("hospital=central&doctor=d2", set()),
        ("status=&priority=&kind=&hospital=&doctor=", {"conflict", "doctor", "hospital", "urgent"}),
    ],
)
def test_the_address_says_what_is_shown(town: Town, session, query: str, left: set[str]):
    ids = {
        "doctor": queue(town, doctors=["d2"]),
        "hospital": queue(town, hospitals=["central"]),
        "urgent": queue(town, priority="urgent"),
        "conflict": in_conflict(town, session),
    }
    page = Page(town.api.get(f"/app/requests?{query}"))
    shown = {own["id"].removeprefix("request-") for _, own in page.tags if (own.get("id") or "").startswith("request-")}
    assert shown == {ids[name] for name in left}
    if not left:
        assert "No request is like that" in page.text
        assert "/app/requests" in page.links.values()


def test_what_the_address_cannot_mean_is_a_page_that_says_so(town: Town):
    for query, status in (("status=lost", 422), ("doctor=d9", 422), ("before=x", 422), (f"batch={uuid.uuid4()}", 200)):
        answer = town.api.get(f"/app/requests?{query}")
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")


def test_a_long_list_goes_on_where_the_page_before_ended(town: Town):
    batch = town.post("/booking-batches", label="Week 49", requests=[town.wish()] * 120)["id"]
    address, lines = f"/app/requests?batch={batch}", []
    while address:
        page = Page(town.api.get(address))
        lines += [int(line) for line in re.findall(r"line (\d+)", page.text)]
        address = page.links.get("Older")
    assert lines == list(range(120, 0, -1))
    assert page.links["Newest"] == f"/app/requests?batch={batch}"
    assert "Batch: Week 49" in page.text


def test_the_list_asks_again_while_anything_is_undecided(town: Town):
    id_ = queue(town)
    assert "every 2s" in Page(town.api.get("/app/requests")).triggers("requests")
    fragment = town.api.get("/app/requests", headers=FRAGMENT)
    assert "<html" not in fragment.text
    town.api.delete(f"/booking-requests/{id_}")
    assert "every" not in Page(town.api.get("/app/requests", headers=FRAGMENT)).triggers("requests")


# One request


def test_a_request_is_followed_until_it_is_decided(town: Town, session):
    id_ = queue(town, preferred=at("11:00"), doctors=["d1", "d2"], specialty="cardiology")
    page = Page(town.api.get(f"/app/requests/{id_}"))
    assert "Queued: the next planning run takes it." in page.text
    assert "11:00" in page.text
    assert "every 1s" in page.triggers("request")
    seen = next(own["hx-get"] for _, own in page.tags if own.get("id") == "request")
    assert town.api.get(seen, headers=FRAGMENT).status_code == 204, "nothing has changed"
    with session() as opened:
        decide(opened, id_, RequestStatus.FAILED)
    page = Page(town.api.get(seen, headers=FRAGMENT))
    assert "It could not be planned." in page.text
    assert "every" not in page.triggers("request")
    assert page.links["Ask again"] == f"/app/requests/new?like={id_}"


def test_a_booked_request_leads_to_the_schedule_of_that_day(town: Town, session):
    id_ = in_conflict(town, session, alternatives=[an_alternative(town)])
    body = {"doctor": "d2", "hospital": "central", "start": at("10:00")}
    assert town.api.post(f"/booking-requests/{id_}/accept", json=body).status_code == 200
    page = Page(town.api.get(f"/app/requests/{id_}"))
    assert "Booked:" in page.text
    assert page.links["Show on the schedule"] == f"/app/schedule?hospital=central&date={MONDAY.isoformat()}"


def test_a_request_that_does_not_exist_is_a_page_that_says_so(town: Town):
    assert "There is no booking request" in Page(town.api.get(f"/app/requests/{uuid.uuid4()}"), 404).text
    Page(town.api.get("/app/requests/nonsense"), 404)


def planned(town: Town) -> list[dict]:
    """The appointments of a doctor's whole morning, and what a planner says of them."""
    appointments = [town.book("p2", "d1", hour) for hour in HOURS]
    return [
        {"id": each["id"], "doctor": each["doctor"]["id"], "hospital": each["hospital"]["id"], "start": each["start"]}
        for each in appointments
    ]


def test_a_conflict_is_told_with_a_picture_and_the_same_as_a_table(town: Town, session):
    facts = {"appointments": planned(town)}
    id_ = in_conflict(town, session, facts=facts, alternatives=[an_alternative(town)], doctors=["d1"])
    answer = town.api.get(f"/app/requests/{id_}")
    page = Page(answer)
    assert "It cannot be." in page.text
    assert "Times in Lisbon." in page.text
    assert answer.text.count('class="hour taken"') == 3 + 1, "at ten there is the alternative; one more in the legend"
    assert answer.text.count('class="hour alternative"') == 1 + 1
    day = f"{MONDAY:%a} {MONDAY.day} {MONDAY:%b}"
    assert f"{day} 09:00-10:00 taken Dr Ana Sousa" in page.text
    assert f"{day} 10:00-11:00 could be had instead Dr Ana Sousa, Dr Rui Costa" in page.text
    assert f"{day} 13:00-18:00 nobody available" in page.text


def test_other_requests_are_called_by_their_priority_and_never_by_their_patient(town: Town, session):
    winner = queue(town, patient="p2", priority="urgent")
    id_ = queue(town)
    message = f"Every hour that was free went to requests of the same or a higher priority: {winner}."
    with session() as opened:
        conflict = {"kind": "outcompeted", "message": message, "facts": {"winners": [], "moved": []}}
        decide(opened, id_, RequestStatus.CONFLICT, conflict | {"certificate": {}, "alternatives": []})
    page = Page(town.api.get(f"/app/requests/{id_}"))
    assert "or a higher priority: an urgent request ." in page.text
    assert page.links["an urgent request"] == f"/app/requests/{winner}"
    assert "João" not in page.text


def test_the_picture_shows_what_is_free_by_now(town: Town, session):
    """The facts of a conflict are of the past; an hour that has come free since is said to be free."""
    appointments = planned(town)
    id_ = in_conflict(town, session, facts={"appointments": appointments}, doctors=["d1"])
    assert town.api.post(f"/appointments/{appointments[1]['id']}/cancel").is_success
    with session() as opened:
        shown = read(opened, id_)
        zones = timezones(opened)
        drawn = contested(opened, shown, zones, Told(shown, zones, LISBON, _now()).zone, _now())
    states = {cell.state.word for _, cell in drawn.picture.cells}
    assert {"taken", "free", "nobody"} <= states


def read(session, id_: str):
    from api.booking_request_view import shown  # noqa: PLC0415  # only here

    return shown(session, [session.get_one(BookingRequest, uuid.UUID(id_))])[0]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def test_an_alternative_is_one_click_away(town: Town, session):
    id_ = in_conflict(town, session, alternatives=[an_alternative(town)])
    page = Page(town.api.get(f"/app/requests/{id_}"))
    assert any("Book " in (button.get("aria-label") or "") for button in page.buttons)
    sent = {name: values[0] for name, values in page.sent.items() if name in ("doctor", "hospital", "start")}
    answer = town.api.post(f"/app/requests/{id_}/accept", data=sent, headers=FRAGMENT)
    assert answer.status_code == 204
    assert '"requests-changed"' in answer.headers["hx-trigger"]
    assert town.get(f"/booking-requests/{id_}")["appointment"]["start"] == at("10:00")
    again = town.api.post(f"/app/requests/{id_}/accept", data=sent, headers=FRAGMENT)
    assert again.status_code == 409
    assert "only one in conflict takes another hour" in again.text


def test_an_alternative_that_is_taken_meanwhile_says_so_and_offers_others(town: Town, session):
    id_ = in_conflict(town, session, alternatives=[an_alternative(town)])
    town.book("p2", "d2", "10:00")
    sent = {"doctor": "d2", "hospital": "central", "start": at("10:00")}
    answer = town.api.post(f"/app/requests/{id_}/accept", data=sent, headers=FRAGMENT)
    page = Page(answer, 409)
    assert answer.headers["hx-retarget"] == "#dialog"
    assert "This hour was not booked" in page.text
    assert "Appointments hold every hour" in page.text
    assert "Could be had instead" in page.text
    assert page.sent["start"] != [at("10:00")]
    assert town.get(f"/booking-requests/{id_}")["status"] == "conflict"
    assert Page(town.api.post(f"/app/requests/{id_}/accept", data=sent), 409).links, "without scripts it is a page"


def test_an_hour_that_is_none_is_refused(town: Town, session):
    id_ = in_conflict(town, session)
    for sent in ({}, {"doctor": "d9", "hospital": "central", "start": at("10:30")}):
        answer = town.api.post(f"/app/requests/{id_}/accept", data=sent, headers=FRAGMENT)
        assert answer.status_code == 422
        assert "This hour was not booked" in answer.text


def test_cancelling_asks_once(town: Town):
    id_ = queue(town)
    assert "Cancel this request?" in town.api.get(f"/app/requests/{id_}/cancel", headers=FRAGMENT).text
    answer = town.api.post(f"/app/requests/{id_}/cancel", headers=FRAGMENT)
    assert answer.status_code == 204
    assert '"close-dialog"' in answer.headers["hx-trigger"]
    assert "Cancelled" in Page(town.api.get(f"/app/requests/{id_}")).text
    Page(town.api.post(f"/app/requests/{id_}/cancel", headers=FRAGMENT), 409)


# The form


def form(town: Town, address: str = "/app/requests/new") -> dict[str, list[str]]:
    return Page(town.api.get(address)).sent


def local(time: str, day: dt.date = MONDAY) -> str:
    return f"{day.isoformat()}T{time}"


def test_a_request_is_queued_with_everything_it_can_say(town: Town):
    sent = form(town) | {
        "patient": ["p1"],
        "doctors": ["d2", "d1"],
        "specialty": ["cardiology"],
        "hospitals": ["central"],
        "priority": ["urgent"],
        "earliest": [local("09:00")],
        "latest": [local("18:00")],
        "preferred": [local("12:00")],
    }
    answer = town.api.post("/app/requests/new", data=sent)
    assert answer.status_code == 303
    request = town.get(answer.headers["location"].replace("/app/requests", "/booking-requests"))
    assert request["patient"]["external_id"] == "p1"
    assert [doctor["external_id"] for doctor in request["doctors"]] == ["d2", "d1"]
    assert [place["external_id"] for place in request["hospitals"]] == ["central"]
    assert (request["specialty"], request["priority"]) == ("cardiology", "urgent")
    assert [request[name] for name in ("earliest", "latest", "preferred")] == [at("09:00"), at("18:00"), at("12:00")]


def test_faults_stand_beside_their_fields_and_nothing_typed_is_lost(town: Town):
    typed = {"search": "zzz", "doctors": ["d1"], "earliest": "tomorrow", "latest": local("18:00"), "priority": "urgent"}
    answer = town.api.post("/app/requests/new", data={"clock": "Europe/Lisbon", **typed})
    page = Page(answer, 422)
    for words in (
        "Search for the patient and choose one",
        "This is not a date and time",
        "2 fields below need a change",
    ):
        assert words in page.text
    assert "Nobody is found" in page.text
    for name, value in typed.items():
        assert page.sent[name] == (value if isinstance(value, list) else [value])
    typed |= {"patient": "p1", "earliest": local("18:00"), "latest": local("09:00"), "doctors": ["d1", "d9"]}
    page = Page(town.api.post("/app/requests/new", data={"clock": "Europe/Lisbon", **typed}), 422)
    assert "The window ends before it starts" in page.text
    assert "There is no doctor 'd9'" in page.text
    assert "Maria Silva" in page.text, "who was chosen is still told by name"
    assert town.get("/booking-requests")["items"] == []


def test_doctors_are_added_removed_and_put_in_order_by_buttons(town: Town):
    sent = form(town) | {"search": ["mar"]}
    for action, adding, doctors in (
        ("add", "d1", ["d1"]),
        ("add", "d2", ["d1", "d2"]),
        ("add", "", ["d1", "d2"]),
        ("up:d2", "", ["d2", "d1"]),
        ("up:d2", "", ["d2", "d1"]),
        ("down:d2", "", ["d1", "d2"]),
        ("remove:d1", "", ["d2"]),
        ("remove:nobody", "", ["d2"]),
    ):
        page = Page(town.api.post("/app/requests/new", data=sent | {"do": [action], "adding": [adding]}))
        assert page.sent["doctors"] == doctors, action
        assert page.sent["search"] == ["mar"]
        assert "needs a change" not in page.text
        sent = page.sent


def test_a_week_longer_is_one_button(town: Town):
    sent = form(town) | {"latest": [local("18:00")]}
    page = Page(town.api.post("/app/requests/new", data=sent | {"do": ["longer"]}))
    assert page.sent["latest"] == [local("18:00", MONDAY + dt.timedelta(days=7))]


def test_patients_are_searched_in_a_body_and_chosen_from_what_is_found(town: Town):
    page = Page(town.api.post("/app/requests/patients", data={"search": "sil mar"}, headers=FRAGMENT))
    assert "Maria Silva p1" in page.text
    assert "João" not in page.text
    town.put("/patients/p3", name="Mara Silveira", active=False)
    page = Page(town.api.post("/app/requests/patients", data={"search": "mar", "patient": "p2"}, headers=FRAGMENT))
    assert page.sent["patient"] == ["p2"], "who is chosen stays chosen"
    assert "no longer active" in page.text
    assert town.api.get("/app/requests/patients", params={"search": "mar"}).status_code in (404, 405)


def test_times_are_those_of_the_chosen_hospital(town: Town):
    town.post("/hospitals", **hospital("far", "Asia/Kolkata"))
    page = Page(town.api.get("/app/requests/new"))
    assert {"Lisbon", "Kolkata"} <= set(page.text.split())
    sent = page.sent | {"patient": ["p1"], "earliest": [local("09:00")], "latest": [local("18:00")]}
    moved = Page(town.api.post("/app/requests/new", data=sent | {"hospitals": ["far"], "do": ["clock"]}))
    assert moved.sent["clock"] == ["Asia/Kolkata"]
    assert "times in Kolkata" in moved.text
    unseen = Page(town.api.post("/app/requests/new", data=sent | {"hospitals": ["far"]}), 422)
    assert "go by the clock of Kolkata" in unseen.text, "no time is silently read by another clock"
    answer = town.api.post("/app/requests/new", data=unseen.sent | {"do": ["queue"]})
    request = town.get(answer.headers["location"].replace("/app/requests", "/booking-requests"))
    assert request["earliest"] == f"{MONDAY.isoformat()}T09:00:00+05:30"


@pytest.mark.parametrize("forward", [True, False])
def test_a_time_that_the_clocks_skip_or_show_twice_is_asked_about(town: Town, *, forward: bool):
    day = next_change(forward=forward)
    sent = form(town) | {"patient": ["p1"], "earliest": [local("01:30", day)], "latest": [local("18:00", day)]}
    page = Page(town.api.post("/app/requests/new", data=sent), 422)
    if forward:
        assert "the clocks skip 01:30 that day" in page.text
        return
    assert "the clocks show 01:30 twice that day" in page.text
    answer = town.api.post("/app/requests/new", data=page.sent | {"earliest_fold": ["1"]})
    request = town.get(answer.headers["location"].replace("/app/requests", "/booking-requests"))
    assert dt.datetime.fromisoformat(request["earliest"]) == dt.datetime(*day.timetuple()[:3], 1, 30, tzinfo=dt.UTC)


def test_a_conflict_is_widened_and_tried_again_in_one_step(town: Town, session):
    id_ = in_conflict(town, session, doctors=["d2", "d1"], hospitals=["central"], priority="soon")
    page = Page(town.api.get(f"/app/requests/new?replaces={id_}"))
    assert (page.sent["patient"], page.sent["doctors"], page.sent["priority"]) == (["p1"], ["d2", "d1"], ["soon"])
    assert (page.sent["earliest"], page.sent["latest"]) == ([local("09:00")], [local("18:00")])
    later = MONDAY + dt.timedelta(days=7)
    answer = town.api.post("/app/requests/new", data=page.sent | {"latest": [local("18:00", later)], "do": ["queue"]})
    new = town.get(answer.headers["location"].replace("/app/requests", "/booking-requests"))
    assert (new["status"], new["latest"]) == ("queued", at("18:00", later))
    assert town.get(f"/booking-requests/{id_}")["status"] == "cancelled"
    page = Page(town.api.post("/app/requests/new", data=page.sent | {"do": ["queue"]}), 409)
    assert "The request is cancelled already" in page.text
    assert len(town.get("/booking-requests")["items"]) == 2


def test_asking_again_and_asking_for_another_hour_begin_with_what_is_known(town: Town):
    id_ = queue(town, patient="p2", specialty="cardiology")
    page = Page(town.api.get(f"/app/requests/new?like={id_}"))
    assert (page.sent["patient"], page.sent["replaces"], page.sent["specialty"]) == (["p2"], [""], ["cardiology"])
    appointment = town.book("p1", "d1", "09:00")["id"]
    page = Page(town.api.get(f"/app/requests/new?moves={appointment}"))
    assert (page.sent["patient"], page.sent["moves"]) == (["p1"], [appointment])
    for parameter in ("like", "moves", "replaces"):
        Page(town.api.get(f"/app/requests/new?{parameter}={uuid.uuid4()}"), 404)


# Files and batches


def upload(town: Town, text: str | bytes, **more: str) -> httpx.Response:
    data = text.encode() if isinstance(text, str) else text
    return town.api.post("/app/requests/upload", files={"file": ("list.csv", data, "text/csv")}, data=more)


def test_a_file_is_queued_as_a_batch_and_followed(town: Town, session):
    window = f"{at('09:00')},{at('18:00')}"
    answer = upload(town, f"patient,earliest,latest\np1,{window}\np2,{window}\np1,{window}\n", label="Week 49")
    assert answer.status_code == 303
    address = answer.headers["location"]
    page = Page(town.api.get(address))
    assert "0 of 3 decided" in page.text
    assert "every 1s" in page.triggers("batch")
    with session() as opened:
        ids = [str(id_) for id_ in opened.scalars(select(BookingRequest.id).order_by(BookingRequest.id))]
        decide(opened, ids[0], RequestStatus.BOOKED)
        conflict = {"kind": "patient_busy", "message": "-", "facts": {}, "certificate": {}, "alternatives": []}
        decide(opened, ids[1], RequestStatus.CONFLICT, conflict)
        decide(opened, ids[2], RequestStatus.FAILED)
    answer = town.api.get(address, headers=FRAGMENT)
    page = Page(answer)
    assert "<html" not in answer.text
    assert "1 booked, 1 in conflict. failed: 1." in page.text
    assert "Patient busy 1" in page.text
    assert "every" not in page.triggers("batch")
    assert address.rpartition("/")[2] in page.links["Patient busy"]
    listed = Page(town.api.get("/app/requests/batches"))
    assert listed.links["Week 49"] == address
    assert "finished" in listed.text


def test_every_fault_of_a_file_is_told_by_line_and_nothing_is_queued(town: Town):
    window = f"{at('09:00')},{at('18:00')}"
    answer = upload(town, f"patient,priority,earliest,latest\np1,now,{window}\n\np1,,soon,\n", label="Mine")
    page = Page(answer, 422)
    for words in (
        "list.csv: 3 faults.",
        "Nothing was queued.",
        "2 priority now priority is none of 'urgent', 'soon' or 'routine'.",
        "4 earliest soon earliest is not an instant",
        "4 latest latest is missing",
    ):
        assert words in page.text, words
    assert page.sent["label"] == ["Mine"]
    assert "There is no patient 'p9'" in Page(upload(town, f"patient,earliest,latest\np9,{window}\n"), 422).text
    assert town.get("/booking-batches")["items"] == []
    many = Page(upload(town, "patient,earliest,latest\n" + "p1,,\n" * 500), 422)
    assert "800 more faults are not listed." in many.text.replace(",", "")


def test_a_file_that_is_none_is_told_so(town: Town):
    assert "is empty" in Page(upload(town, b""), 422).text
    assert "is not UTF-8" in Page(upload(town, "Jos\u00e9".encode("cp1252")), 422).text
    answer = town.api.post("/app/requests/upload", files={"file": ("", b"", "text/csv")})
    assert "Choose a file first." in Page(answer, 422).text
    assert "Choose a file first." in Page(town.api.post("/app/requests/upload", data={"label": "x"}), 422).text


def test_the_template_is_a_file_to_begin_with(town: Town):
    assert Page(town.api.get("/app/requests/upload")).links["Download a template"] == "/app/requests/template.csv"
    answer = town.api.get("/app/requests/template.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith("patient,priority,doctors,")


def test_batches_say_what_to_do_where_there_is_none_and_go_on_where_there_are_many(town: Town):
    assert "No batch yet" in Page(town.api.get("/app/requests/batches")).text
    Page(town.api.get(f"/app/requests/batches/{uuid.uuid4()}"), 404)
    for number in range(31):
        town.post("/booking-batches", label=f"Batch {number}", requests=[town.wish()])
    page = Page(town.api.get("/app/requests/batches"))
    assert "Batch 30" in page.links
    assert "Batch 0" not in page.links
    older = Page(town.api.get(page.links["Older"]))
    assert "Batch 0" in older.links
    assert older.links["Newest"] == "/app/requests/batches"
