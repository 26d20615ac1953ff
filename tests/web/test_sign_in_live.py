"""The stream of news ends with the sign-in of whoever listens."""

import datetime as dt

import pytest
from sqlalchemy import insert, select, update

from api.web import live
from models.access.tables import SignIn, UserHospital
from models.hospitals import Hospital
from models.people import Role, User
from tests.web.people import hire
from tests.web.test_live import listening


@pytest.fixture
def ana(town, session, stranger, monkeypatch):
    """The browser of an admin, who is signed in; her stream looks often whether she is."""
    monkeypatch.setattr(live, "_KNOW_EVERY", 0.05)
    hire(session, "ana", Role.ADMIN)
    browser = stranger()
    browser.sign_in("ana")
    return browser


def hearing(ana, address):
    return listening(ana.api, address, {"Cookie": f"__Host-slotwise={ana.cookie}"})


@pytest.fixture
def address(session, town):
    with session() as opened:
        return f"/app/live?since={live.since(opened)}"


ANAS = select(User.id).where(User.external_id == "ana").scalar_subquery()
LONG_AGO = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)


@pytest.mark.parametrize(
    "change",
    [
        update(SignIn).where(SignIn.user_id == ANAS).values(ended_at=LONG_AGO),
        update(SignIn).where(SignIn.user_id == ANAS).values(expires_at=LONG_AGO),
        update(SignIn).where(SignIn.user_id == ANAS).values(last_seen_at=LONG_AGO),
        update(User).where(User.external_id == "ana").values(active=False),
    ],
    ids=["ended", "expired", "idle", "inactive"],
)
def test_who_is_signed_out_is_told_so_and_nothing_more(town, session, ana, address, change):
    with hearing(ana, address) as events:
        town.book("p1", "d1", "09:00")
        assert next(events)["event"] == "schedule"
        with session() as opened:
            opened.execute(change)
        assert [event["event"] for event in events] == ["signed-out"]


def test_where_somebody_sees_something_else_than_before_the_stream_ends(town, session, ana, address):
    """The page asks for another at once, which is of what they see now."""
    with hearing(ana, address) as events:
        with session() as opened:
            opened.execute(update(User).where(User.external_id == "ana").values(role=Role.STAFF))
            opened.execute(insert(UserHospital).values(user_id=ANAS, hospital_id=select(Hospital.id).scalar_subquery()))
        assert list(events) == []


def test_a_page_asks_whether_its_reader_is_signed_in(ana, stranger):
    background = {"X-Background": "1"}
    assert ana.get("/app/signed-in", **background).status_code == 204
    assert stranger().get("/app/signed-in", **background).status_code == 401
