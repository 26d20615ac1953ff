"""The page of status: what wants attention with what to do, and how it runs; for admins."""

import pytest
from sqlalchemy import text

from api.web.status.picture import charts
from models.people import Role
from models.seeing.lately import Lately
from models.settings import settings
from tests.api.town import Town
from tests.web.fragments import Fragment
from tests.web.people import hire

PATH = "/app/status"
PART = {"HX-Request": "true"}


def words(town: Town) -> str:
    answer = town.api.get(PATH)
    assert answer.status_code == 200, answer.text
    return Fragment(answer.text).words


def test_what_wants_attention_comes_first_with_what_to_do(town: Town):
    town.post("/booking-requests", **town.wish("p1"))
    shown = words(town)
    # No worker runs in this test.
    assert "No worker answers, so nothing is planned. WorkersAway Start workers" in shown
    assert "Nothing wants attention" not in shown
    assert "1 request is undecided, for " in shown
    assert "Redis answers, no worker does." in shown
    assert shown.index("WorkersAway") < shown.index("The last hour") < shown.index("Queue")


def test_an_old_request_and_a_failed_one_are_told(town: Town, session):
    for _ in range(2):
        town.post("/booking-requests", **town.wish("p1"))
    with session() as opened:
        opened.execute(text("UPDATE booking_request SET queued_at = now() - interval '2 hours'"))
        opened.execute(
            text("""
                UPDATE booking_request SET status = 'failed', failure = 'because', decided_at = now()
                WHERE id = (SELECT max(id::text)::uuid FROM booking_request)
            """)
        )
    shown = words(town)
    assert "1 request failed in the last hour: their planning runs were lost too often. RequestsFailed" in shown
    assert "The oldest undecided request has waited for 2 h 0 min; 5 min 0 s is too long. QueueAging" in shown


def test_a_redis_that_is_away_is_told_in_time(town: Town, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9")
    settings.cache_clear()
    shown = words(town)
    assert "BrokerAway" in shown
    assert "Redis does not answer, so nobody is told to plan" in shown
    assert "Redis takes no messages." in shown


def test_it_asks_for_itself_again_without_its_frame(town: Town):
    part = town.api.get(PATH, headers=PART).text
    assert "<html" not in part
    assert part.count('<div id="state" hx-get="/app/status"') == 1
    assert part in town.api.get(PATH).text or "The last hour" in part


def test_admins_find_it_and_nobody_else_does(town: Town, session, stranger):
    assert '<a href="/app/status" aria-current="page">Status</a>' in town.api.get(PATH).text
    assert 'href="/app/status">How it runs</a>' in town.api.get("/app/overview").text
    hire(session, "olga", Role.STAFF)
    olga = stranger()
    olga.sign_in("olga")
    assert olga.get(PATH).status_code == 403
    assert PATH not in olga.get("/app/overview").text


@pytest.mark.parametrize(
    ("numbers", "highs"), [((0,) * 58 + (1, 4), [15.0, 60.0]), ((0,) * 60, [])], ids=["something", "nothing"]
)
def test_a_minute_is_drawn_as_high_as_its_number(numbers, highs):
    waited, decided = charts(Lately(numbers, numbers, numbers, None, None, 0.0))
    assert [bar.high for bar in waited.bars] == [bar.high for bar in decided.bars] == highs
    assert waited.most == str(max(numbers))
