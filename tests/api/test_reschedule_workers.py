"""Reschedules over HTTP with a worker process at the other end, as they are in earnest."""

from collections.abc import Iterator

import pytest

from models.session import make_engine
from tests.api.reschedules import DAY, appointments, ill
from tests.api.town import MONDAY, Town, at
from tests.concurrency.conftest import Crew


@pytest.fixture
def worker(town: Town, service_environment, tmp_path, database_url) -> Iterator[None]:
    """A worker process on the test's database and queue."""
    engine = make_engine(database_url)
    crew = Crew(service_environment, engine, tmp_path)
    crew.worker()
    try:
        yield
    finally:
        crew.end()
        engine.dispose()


@pytest.mark.usefixtures("worker")
def test_from_the_question_to_the_undoing(town: Town):
    """The bell reaches a worker; a question, its answer in earnest, applied and undone."""
    town.available("d1", "09:00", "10:00", MONDAY + DAY)
    id_ = town.book("p1", "d1", "10:00")["id"]
    asked = followed(town, town.api.post("/reschedules", json=ill(what_if=True)))
    assert asked["counts"]["placed"] == 1
    again = f"/reschedules/{asked['id']}/plan-again"
    job = followed(town, town.api.post(again, json={"what_if": False}))
    (item,) = appointments(town, job["id"])
    town.post(f"/reschedules/{job['id']}/apply")
    assert town.get(f"/appointments/{id_}")["start"] == item["after"]["start"] == at("09:00", MONDAY + DAY)
    town.post(f"/reschedules/{job['id']}/undo")
    assert town.get(f"/appointments/{id_}")["start"] == at("10:00")
    assert [each["reschedule"] for each in town.get(f"/appointments/{id_}/history")["items"]] == [job["id"]] * 2
    topics = [each["topic"] for each in town.get("/events")["items"] if "reschedule" in each["payload"]]
    assert topics[-5:] == [
        "reschedule.proposed",
        "appointment.moved",
        "reschedule.applied",
        "appointment.moved",
        "reschedule.undone",
    ]


def followed(town: Town, queued) -> dict:
    """What a queued reschedule comes to, waited for at its address."""
    assert queued.status_code == 202, queued.text
    for _ in range(4):
        job = town.api.get(queued.headers["location"], headers={"Prefer": "wait=20"}).json()
        if job["status"] not in ("queued", "planning"):
            break
    assert job["status"] == "proposed", job
    return job
