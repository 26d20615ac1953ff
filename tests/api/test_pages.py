"""Long lists, a page at a time."""

import base64
import json
import uuid

import pytest

from tests.api.town import Town, refused

LISTS = (
    "/hospitals",
    "/users",
    "/doctors",
    "/patients",
    "/availabilities",
    "/appointments",
    "/booking-requests",
    "/booking-batches",
    "/planning-runs",
)


def pages(town: Town, path: str, limit: int, **params):
    response = town.api.get(path, params={"limit": limit, **params})
    while True:
        yield response.json()["items"]
        if "next" not in response.links:
            assert response.json()["next_cursor"] is None
            return
        assert f"cursor={response.json()['next_cursor']}" in response.links["next"]["url"]
        response = town.api.get(response.links["next"]["url"])


@pytest.mark.parametrize(
    "path", ["/patients", "/booking-requests", "/booking-batches", "/availabilities", "/appointments"]
)
def test_pages_make_up_the_list(town: Town, path):
    for place in range(5):
        town.put(f"/patients/x{place}", name="N")
        town.post("/booking-batches", requests=[town.wish()])
        if place < 4:
            town.book(f"x{place}", "d1", f"{9 + place:02}:00")
    whole = town.get(path, limit=1000)["items"]
    for limit in (1, 2, len(whole)):
        found = list(pages(town, path, limit))
        assert [item for page in found for item in page] == whole
        assert all(len(page) == limit for page in found[:-1])


def test_filters_hold_on_every_page(town: Town):
    for _ in range(3):
        town.post("/booking-requests", **town.wish("p1"))
        town.post("/booking-requests", **town.wish("p2"))
    found = [
        item["patient"]["external_id"]
        for page in pages(town, "/booking-requests", 1, patient="p2", status=["queued", "booked"])
        for item in page
    ]
    assert found == ["p2"] * 3


def test_what_is_added_meanwhile_repeats_nothing(town: Town):
    town.put("/patients/p3", name="N")
    reading = pages(town, "/patients", 2)
    seen = next(reading)
    town.put("/patients/p4", name="N")
    seen += [item for page in reading for item in page]
    assert [each["external_id"] for each in seen] == ["p1", "p2", "p3", "p4"]


def cursor(*steps):
    return base64.urlsafe_b64encode(json.dumps(steps).encode()).decode().rstrip("=")


GARBAGE = [
    "",
    "x",
    "💥",
    "AAAA",
    "[" * 300,
    cursor("x"),
    cursor(1, 2, 3),
    cursor("9999-12-31T23:59:59-12:00", str(uuid.uuid4())),
    cursor("2026-01-01T00:00:00", str(uuid.uuid4())),
    cursor("2026-01-01T00:00:00+00:00", "x"),
    base64.urlsafe_b64encode(b"[" * 3000).decode(),
]


def test_a_cursor_that_is_none_is_explained(api):
    for path in LISTS:
        for garbage in GARBAGE:
            problem = refused(api.get(path, params={"cursor": garbage}), 422, "unreadable_cursor")
            assert problem["errors"][0]["parameter"] == "cursor"


def test_a_limit_is_a_number_in_range(api):
    for limit in ("0", "1001", "-1", "x", "1e3", "9" * 40, "9" * 5000, ""):
        problem = refused(api.get("/patients", params={"limit": limit}), 422)
        assert problem["errors"][0]["parameter"] == "limit"
