"""Nobody learns of patients from what the product leaves behind: no log line, address, message or queue.

The whole flow is run with patients whose names, e-mail addresses and external ids bear a mark, and everything that the
processes left behind, metrics and spans among it, is searched for it. The one exception is an external id in the path
of `/patients/{external_id}`, which is how another system names a patient (docs/privacy.md).
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import MetaData, text

from cli.embedded.folder import temporary_data_folder
from models.session import make_engine
from tests.api.reschedules import DAY, ill
from tests.api.town import MONDAY, Town, at, hospital, refused
from tests.browser.conftest import browser  # noqa: F401  # a fixture
from tests.browser.windows import Windows
from tests.privacy.running import Running, running
from tests.workers.waiting import until

MARK = "qzmark"
NAMED = re.compile(MARK.encode(), re.IGNORECASE)
IN_A_PATH = re.compile(rb'"(?:GET|PUT) /patients/QZMARK-[^/? ]+ HTTP')
"""The exception: how a line of the access log names a patient who is read or written by external id."""

PEOPLE = ("patient", "audit_detail", "idempotency_key")
"""Tables that hold patients' words: their own, what erasing deletes of the audit, and answers to be given again."""


@pytest.fixture(scope="module")
def product(tmp_path_factory) -> Iterator[Running]:
    """Everything at work, with a town in it whose patients are marked."""
    with temporary_data_folder() as data, running(data, tmp_path_factory.mktemp("logs")) as product:
        yield product


def test_nothing_that_is_left_behind_names_a_patient(product: Running, browser: Browser, tmp_path: Path):  # noqa: F811
    town = Town(product.api)
    settled(town)
    booked(town)
    rescheduled(town)
    validated(town, product)
    hour = told(product)
    seen(product, browser, tmp_path)
    wrong(town, product, hour)
    kept(product)

    left = product.left()
    assert all(product.log(name) for name in ("api", "access", "worker", "beat"))
    for where, what in left.items():
        named = [line for line in IN_A_PATH.sub(b"", what).splitlines() if NAMED.search(line)]
        assert not named, f"{where} names a patient: {named[:3]}"
    # What was looked through was there to be found in.
    everything = b"\n".join(left.values())
    for happened in (
        b'"event": "delivered"',
        b"slotwise.validate",
        b"request_failed",
        b'violates check constraint "broken"',
        b"duplicate key value",
        b"UndefinedColumn",
        b"appointment.booked",
        b"[[], {}, ",  # a message of Celery's, read
        b'slotwise_http_request_seconds_count{method="PUT",route="/patients/{external_id}",status="500"}',
        b"tell by email",  # a span
    ):
        assert happened in everything, happened
    assert b"/patients/QZMARK-1" in left[str(product.folder / "access.log")]
    assert NAMED.search(product.mailbox.mails[0].message.as_bytes())


def settled(town: Town) -> None:
    """A hospital, two doctors and six marked patients."""
    town.put("/users/d1", name="Dr Ana Sousa", role="doctor", specialties=["cardiology"])
    town.put("/users/d2", name="Dr Rui Costa", role="doctor", specialties=["cardiology"])
    town.post("/hospitals", **hospital("central"))
    for doctor in ("d1", "d2"):
        for day in (MONDAY, MONDAY + DAY):
            town.available(doctor, "09:00", "11:00", day)
    for number in range(1, 7):
        email = f"qzmark{number}@mark.example"
        town.put(f"/patients/QZMARK-{number}", name=f"Qzmark Name{number}", email=email)


def booked(town: Town) -> None:
    """Hours booked at once, moved and cancelled, and more wishes than there are hours."""
    first = town.book("QZMARK-1", "d1", "09:00")["id"]
    taken = town.api.post(
        "/appointments",
        json={"patient": "QZMARK-2", "doctor": "d1", "hospital": "central", "start": at("09:00")},
    )
    refused(taken, 409)
    assert "qzmark-1" not in taken.text.lower()
    assert "qzmark name1" not in taken.text.lower()  # nobody is told who has the hour
    town.post(f"/appointments/{first}/move", start=at("10:00"))
    gone = town.book("QZMARK-2", "d2", "09:00")["id"]
    town.post(f"/appointments/{gone}/cancel")
    wishes = [{**town.wish(f"QZMARK-{number}"), "doctors": ["d1"], "latest": at("11:00")} for number in (2, 3, 4)]
    batch = town.post("/booking-batches", label="of the test", requests=wishes)["id"]
    until(lambda: town.get(f"/booking-batches/{batch}")["counts"].get("conflict"), seconds=60, what="conflicts")


def rescheduled(town: Town) -> None:
    """A day of a doctor's planned anew, applied and undone."""
    job = town.post("/reschedules", **ill(policy={"same_doctor": False}))["id"]
    until(lambda: town.get(f"/reschedules/{job}")["status"] == "proposed", seconds=60, what="a proposal")
    town.get(f"/reschedules/{job}/appointments")
    town.post(f"/reschedules/{job}/apply")
    town.post(f"/reschedules/{job}/undo")


def validated(town: Town, product: Running) -> None:
    """A patient who is gone upstream with an hour to come, found by a validation."""
    town.put("/patients/QZMARK-1", name="Qzmark Name1", email="qzmark1@mark.example", active=False)
    report = town.post("/validation-reports")["id"]
    until(lambda: town.get(f"/validation-reports/{report}")["status"] == "finished", seconds=60, what="a report")
    found = town.get("/findings")["items"]
    assert "patient_departed" in {each["code"] for each in found}


def told(product: Running) -> str:
    """Mails, one of which is refused by a server that repeats the address, and webhooks. Returns the hour that it was
    about."""
    until(lambda: product.mailbox.mails and product.hook.received, what="mails and webhooks")
    product.mailbox.refusals.extend(["550 5.1.1 <qzmark5@mark.example> Qzmark Name5 is unknown here"])
    town = Town(product.api)
    hour: str = town.book("QZMARK-5", "d2", "09:00", MONDAY + DAY)["id"]
    until(lambda: b"delivery dead" in product.log("worker"), what="a mail that is refused")
    return hour


def seen(product: Running, browser: Browser, tmp_path: Path) -> None:  # noqa: F811
    """Pages in a browser, and a search for somebody by name."""
    windows = Windows(browser, str(product.api.base_url).rstrip("/"), tmp_path)
    try:
        page = windows.open(f"/app/schedule?hospital=central&date={MONDAY}")
        for path in ("/app/overview", "/app/requests", "/app/messages", "/app/reschedules"):
            page.goto(path)
        page.goto("/app/requests/new")
        page.get_by_label("Search for a patient").press_sequentially("qzmark name6")
        page.get_by_role("radio", name="Qzmark Name6").check()
        page.get_by_label("Begins at the earliest").fill(f"{MONDAY}T09:00")
        page.get_by_label("Ends at the latest").fill(f"{MONDAY}T11:00")
        page.get_by_role("button", name="Queue the request").click()
        expect(page.get_by_role("heading", name="Qzmark Name6")).to_be_visible()
    finally:
        windows.close()


def wrong(town: Town, product: Running, hour: str) -> None:
    """Requests that are refused, in every way that one can be, and two that break the server."""
    api, wish = town.api, town.wish("QZMARK-none")
    refused(api.post("/booking-requests", json=wish), 422, "unknown_patient")
    cut_off = b'{"patient": "QZMARK-1", '
    refused(api.post("/booking-requests", content=cut_off), 415)
    refused(api.post("/booking-requests", content=cut_off, headers={"Content-Type": "application/json"}), 400)
    refused(api.put("/patients/QZMARK-9", json={"name": ["Qzmark"], "email": "qzmark"}), 422)
    refused(api.put("/patients/QZMARK-9", json={"name": "Qzmark\0"}), 422)
    refused(api.post("/patients/search", json={"text": ["Qzmark"]}), 422)
    again = {"Idempotency-Key": "one"}
    town_wish = town.wish("QZMARK-6", latest=at("10:00"))
    assert api.post("/booking-requests", json=town_wish, headers=again).status_code == 202
    refused(api.post("/booking-requests", json={**town_wish, "priority": "urgent"}, headers=again), 422, "key_reused")
    api.post("/patients/search", json={"text": "Qzmark"}, headers={"Authorization": "Bearer slw_Qzmark"})

    owner = make_engine(product.services.database_url)
    with owner.begin() as connection:  # a rule that PostgreSQL explains with the whole row
        connection.execute(text("ALTER TABLE patient ADD CONSTRAINT broken CHECK (name <> 'Qzmark Broken')"))
    refused(api.put("/patients/QZMARK-9", json={"name": "Qzmark Broken"}), 409)
    with owner.begin() as connection:  # and one that the API does not know of, so that it fails
        connection.execute(text("ALTER TABLE patient DROP CONSTRAINT broken"))
        connection.execute(text("ALTER TABLE patient RENAME email TO mail"))
    refused(api.put("/patients/QZMARK-9", json={"name": "Qzmark Broken"}), 500)
    refused(api.post("/patients/search", json={"text": "Qzmark"}), 500)
    town.post(f"/appointments/{hour}/cancel")  # of which a worker cannot read whom to mail
    until(lambda: b"UndefinedColumn" in product.log("worker"), what="a worker that fails")
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE patient RENAME mail TO email"))
    # By hand, as people do: what they type is in no log either.
    with pytest.raises(Exception, match="duplicate key"), owner.begin() as connection:
        connection.execute(text("INSERT INTO patient (external_id, name) VALUES ('QZMARK-1', 'Qzmark By Hand')"))
    owner.dispose()


def kept(product: Running) -> None:
    """No table holds a patient's words but those that are meant to."""
    owner = make_engine(product.services.database_url)
    with owner.connect() as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        rows = "SELECT count(*) FROM {} AS t WHERE t::text ~* :mark"
        named = {name for name in metadata.tables if connection.scalar(text(rows.format(name)), {"mark": MARK})}
    owner.dispose()
    assert named <= set(PEOPLE), named
    assert {"patient", "audit_detail"} <= named
