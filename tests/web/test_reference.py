"""The API's reference and the pages of problems, as people read them."""

import re
from html import unescape

import pytest

from api.catalogue import CATALOGUE
from api.web.reference import marked

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_every_page_of_the_reference_leads_somewhere(api):
    seen, following = set(), ["/docs"]
    while following:
        path = following.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = api.get(path, headers=HTML)
        assert answer.status_code == 200, path
        if answer.headers["content-type"].startswith("text/html") and not path.startswith("/app/"):
            following += [
                unescape(each).partition("#")[0] or path for each in re.findall(r'href="([^"]+)"', answer.text)
            ]
    assert {f"/problems/{code}" for code in CATALOGUE} < seen
    assert "/openapi.json" in seen


def test_subjects_and_routes_have_places_of_their_own(api):
    text = api.get("/docs").text
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)
    assert "post-doctors-doctor-calendar-feeds" in ids


def test_bodies_are_shown_as_they_are_sent(api):
    text = unescape(api.get("/docs").text)
    assert '"external_id": "central"' in text
    assert "A body, as text/csv:" in text


def test_a_kind_of_problem_says_what_to_do(api):
    text = api.get("/problems/no_offset", headers=HTML).text
    assert "<code>no_offset</code>" in text
    assert CATALOGUE["no_offset"].title in text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", [("", "plain")]),
        ("say `code` and **more**", [("", "say "), ("code", "code"), ("", " and "), ("strong", "more"), ("", "")]),
        ("<b>", [("", "<b>")]),
        ("a ` b", [("", "a ` b")]),
        ("", [("", "")]),
    ],
)
def test_marks_are_found_and_nothing_else(text, parts):
    assert marked(text) == parts
