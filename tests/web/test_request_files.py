"""Files of requests and batches over HTTP: faults by line, and progress."""

import uuid

import httpx
from sqlalchemy import select

from models.booking import BookingRequest, RequestStatus
from tests.api.town import Town, at, decide
from tests.web.request_pages import FRAGMENT, Page


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
