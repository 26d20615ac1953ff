"""The list of booking requests, and one of them, over HTTP."""

import datetime as dt
import re
import uuid

import pytest

from api.web.requests.contested import contested
from api.web.requests.telling import Told, timezones
from models.booking import BookingRequest, RequestStatus
from tests.api.town import LISBON, MONDAY, Town, at, decide
from tests.web.request_pages import FRAGMENT, Page, an_alternative, in_conflict, queue

HOURS = ("09:00", "10:00", "11:00", "12:00")


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
