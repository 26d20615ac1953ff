"""The database's own troubles are answered 503, each with what it is and when to come again; nobody's fault is told."""

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import make_url, text

import models.session
from models.session import engine
from tests.api.town import Town, refused

TROUBLE = """
CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('troubles') <= {times} THEN
        RAISE EXCEPTION 'As if.' USING ERRCODE = '{code}';
    END IF;
    RETURN NEW;
END
$$
"""


@pytest.fixture
def trouble(owner) -> Callable[..., None]:
    """Lets PostgreSQL report an error for every booking request that is written, or for the first few."""

    def arise(code: str, times: int = 1000) -> None:
        with owner() as session:
            session.execute(text("CREATE SEQUENCE troubles"))
            session.execute(text("GRANT USAGE ON SEQUENCE troubles TO slotwise_app"))
            session.execute(text(TROUBLE.format(code=code, times=times)))
            session.execute(
                text("CREATE TRIGGER trouble BEFORE INSERT ON booking_request FOR EACH ROW EXECUTE FUNCTION trouble()")
            )

    return arise


def post(town: Town, key: str = "k1") -> httpx.Response:
    return town.api.post("/booking-requests", json=town.wish(), headers={"Idempotency-Key": key})


@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [
        ("53100", "no_room"),
        ("53200", "unavailable"),  # out of memory
        ("53300", "unavailable"),  # too many connections
        ("57P01", "unavailable"),  # shutting down
        ("58030", "database_broken"),  # an error of the disk
        ("XX001", "database_broken"),  # damaged data
        ("40001", "contended"),
        ("40P01", "contended"),  # a deadlock
        ("55P03", "contended"),  # a lock not had
        ("25006", "read_only"),
        ("57014", "took_too_long"),
    ],
)
def test_what_the_database_reports_of_itself_is_nobodys_fault(town: Town, trouble, sqlstate, code):
    trouble(sqlstate)
    response = post(town)
    problem = refused(response, 503, code)
    assert int(response.headers["retry-after"]) >= 1
    assert "As if" not in response.text
    assert town.get(problem["type"])["title"] == problem["title"]
    assert town.get("/booking-requests")["items"] == []


def test_what_is_our_fault_stays_one(town: Town, trouble):
    """The negative control: not every error of the database is called an outage."""
    trouble("42P01")
    refused(post(town), 500, "internal")


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k1"}])
def test_what_was_undone_for_another_to_go_on_is_done_again_at_once(town: Town, trouble, key):
    trouble("40P01", times=1)
    answered = town.api.post("/booking-requests", json=town.wish(), headers=key)
    assert answered.status_code == 202
    assert [each["id"] for each in town.get("/booking-requests")["items"]] == [answered.json()["id"]]


def test_but_not_for_ever(town: Town, trouble):
    trouble("40P01", times=2)
    refused(post(town), 503, "contended")
    assert post(town).status_code == 202


def test_a_database_that_takes_no_changes_is_still_read(town: Town, owner):
    name = make_url(engine().url).database
    with owner() as session:
        session.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    engine().dispose()
    refused(post(town), 503, "read_only")
    assert town.get("/hospitals")["items"]


def test_a_statement_that_takes_too_long_is_given_up(town: Town, owner, monkeypatch):
    monkeypatch.setattr(models.session, "LONGEST_STATEMENT", "200ms")
    with owner() as session:
        session.execute(text("LOCK TABLE booking_request"))
        refused(post(town), 503, "took_too_long")


def test_connections_that_are_all_in_use_are_not_waited_for_without_end(town: Town, monkeypatch):
    pool = engine().pool
    assert pool._timeout == models.session.LONGEST_WAIT <= 5
    monkeypatch.setattr(pool, "_timeout", 0.2)
    held = [engine().connect() for _ in range(pool.size() + pool._max_overflow)]
    refused(town.api.get("/hospitals"), 503, "unavailable")
    for each in held:
        each.close()
    assert town.get("/hospitals")
