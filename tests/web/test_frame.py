"""What every page has, and what a page says when there is nothing to show."""

import re

from tests.api.town import Town


def test_the_address_alone_leads_to_the_schedule(town: Town):
    for path in ("/", "/app", "/app/"):
        answer = town.api.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/app/schedule")


def test_a_page_that_does_not_exist_says_so_in_words_and_leads_on(town: Town):
    answer = town.api.get("/app/nothing-here")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert 'href="/app/schedule"' in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_a_part_of_a_page_that_does_not_exist_is_a_part_of_a_page(town: Town):
    answer = town.api.get("/app/nothing-here", headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert "<html" not in answer.text
    assert 'id="dialog-title"' in answer.text


def test_what_a_page_is_made_of_is_there_and_kept_by_the_browser(town: Town):
    text = town.api.get("/app/nothing-here").text
    found = re.findall(r'(?:href|src)="(/app/static/[^"]+)"', text)
    assert len(found) >= 4
    for address in found:
        answer = town.api.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


def test_programs_get_problem_details_where_people_get_pages(town: Town):
    answer = town.api.get("/hospitals/nowhere")
    assert answer.headers["content-type"] == "application/problem+json"
