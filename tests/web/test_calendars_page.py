"""The page on which addresses of calendars are made, shown once, and revoked."""

import json
import re
import uuid

import httpx
import pytest

from tests.api.town import Town

PART = {"HX-Request": "true"}


def doctor_id(town: Town, external_id: str = "d1") -> str:
    return town.get(f"/users/{external_id}")["id"]


def make(town: Town, label: str = "Phone", headers: dict[str, str] | None = None) -> httpx.Response:
    return town.api.post(
        "/app/calendars", data={"doctor": doctor_id(town), "label": label}, headers=PART if headers is None else headers
    )


def url_in(text: str) -> str:
    (url,) = set(re.findall(r'value="(http://[^"]+\.ics)"', text))
    return url


def names(text: str) -> list[str]:
    return re.findall(r"<h2>(.*?) <span", text)


def test_every_doctor_is_there_and_can_be_given_an_address(town: Town):
    text = town.api.get("/app/calendars").text
    assert names(text) == ["Dr Ana Sousa", "Dr Rui Costa"]
    assert f"/app/calendars/new?doctor={doctor_id(town)}" in text
    assert '<a href="/app/calendars" aria-current="page">' in text


def test_an_address_is_shown_once_and_says_how_to_subscribe(town: Town):
    asked = town.api.get("/app/calendars/new", params={"doctor": doctor_id(town)}, headers=PART)
    assert "New address for Dr Ana Sousa" in asked.text
    made = make(town)
    assert made.status_code == 200
    url = url_in(made.text)
    assert town.api.get(url).text.startswith("BEGIN:VCALENDAR")
    assert f'href="webcal:{url.removeprefix("http:")}"' in made.text
    assert made.headers["Cache-Control"] == "no-store"
    for device in ("iPhone", "Android", "Outlook"):
        assert device in made.text
    listed = town.api.get("/app/calendars", headers=PART).text
    assert "<html" not in listed
    assert "Phone" in listed
    assert "read just now" in listed or "seconds ago" in listed
    assert url.rpartition("/")[2] not in listed


def test_an_address_that_names_this_machine_says_that_it_works_here_only(town: Town):
    assert "it works here only" in make(town).text


def test_a_label_that_will_not_do_is_told_beside_the_field_and_stays_there(town: Town):
    make(town)
    again = make(town)
    assert again.status_code == 409
    assert 'value="Phone"' in again.text
    assert 'id="label-fault"' in again.text
    assert "already; revoke that one or choose another label." in again.text
    for label in ("", "x" * 201):
        answer = make(town, label)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
    assert len(town.get("/doctors/d1/calendar-feeds")["items"]) == 1


def test_revoking_asks_first(town: Town):
    url = url_in(make(town).text)
    (feed,) = town.get("/doctors/d1/calendar-feeds")["items"]
    asked = town.api.get(f"/app/calendars/{feed['id']}/revoke", headers=PART)
    assert "Revoke Phone of Dr Ana Sousa?" in asked.text
    assert town.api.get(url).status_code == 200
    done = town.api.post(f"/app/calendars/{feed['id']}/revoke", headers=PART)
    assert done.status_code == 200
    assert json.loads(done.headers["HX-Trigger"]) == {"toast": "Phone of Dr Ana Sousa is revoked.", "close-dialog": ""}
    assert town.api.get(url).status_code == 404
    assert f"/app/calendars/{feed['id']}/revoke" not in town.api.get("/app/calendars").text


def test_it_all_works_without_scripts(town: Town):
    asked = town.api.get("/app/calendars/new", params={"doctor": doctor_id(town)}).text
    assert "<html" in asked
    assert '<h1 id="dialog-title">' in asked
    made = make(town, headers={})
    assert "<html" in made.text
    assert url_in(made.text)
    (feed,) = town.get("/doctors/d1/calendar-feeds")["items"]
    assert "<html" in town.api.get(f"/app/calendars/{feed['id']}/revoke").text
    done = town.api.post(f"/app/calendars/{feed['id']}/revoke")
    assert (done.status_code, done.headers["location"]) == (303, "/app/calendars")


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"name": "SOUSA"}, ["Dr Ana Sousa"]),
        ({"name": "dr"}, ["Dr Ana Sousa", "Dr Rui Costa"]),
        ({"name": "%"}, []),
        ({"specialty": "dermatology"}, ["Dr Rui Costa"]),
        ({"name": "sousa", "specialty": "dermatology"}, []),
        ({"page": "99"}, ["Dr Ana Sousa", "Dr Rui Costa"]),
    ],
)
def test_doctors_are_found_by_name_and_specialty(town: Town, params, found):
    text = town.api.get("/app/calendars", params=params).text
    assert names(text) == found
    assert ("No doctor fits" in text) is (not found)


def test_many_doctors_come_in_pages(town: Town):
    for number in range(55):
        town.put(f"/users/x{number}", name=f"Dr Extra {number:02}", role="doctor", specialties=["extra"])
    first = town.api.get("/app/calendars", params={"specialty": "extra"}).text
    assert "55 doctors" in first
    assert len(names(first)) == 50
    (following,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = town.api.get(following.replace("&amp;", "&")).text
    assert names(first) + names(second) == [f"Dr Extra {number:02}" for number in range(55)]
    assert 'rel="prev"' in second


def test_who_is_no_longer_active_is_there_while_an_address_is_left(town: Town):
    make(town)
    for external_id in ("d1", "d2"):
        town.put(f"/users/{external_id}", name=f"Dr {external_id}", role="doctor", active=False)
    text = town.api.get("/app/calendars").text
    assert names(text) == ["Dr d1"]
    assert "No longer active" in text
    assert "/app/calendars/new" not in text
    assert make(town, "Desktop").status_code == 422


def test_without_doctors_it_says_where_they_come_from(api):
    assert "There are no doctors yet" in api.get("/app/calendars").text


def test_whoever_is_not_there_is_a_page_that_is_not_there(town: Town):
    for path in (f"/app/calendars/new?doctor={uuid.uuid4()}", f"/app/calendars/{uuid.uuid4()}/revoke"):
        answer = town.api.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
    for doctor in ("", "x", str(uuid.uuid4())):
        assert town.api.post("/app/calendars", data={"doctor": doctor, "label": "Phone"}).status_code == 404
