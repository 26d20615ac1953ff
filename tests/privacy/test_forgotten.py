"""What has lost a part of it to forgetting is still told of."""

from sqlalchemy import delete, func, update

from models.booking import Conflict, RequestStatus
from models.rescheduling.tables import Reschedule, RescheduleStatus
from tests.api.reschedules import ask, ill
from tests.api.town import Town, decide, refused


def test_a_request_stays_to_be_read_when_the_reason_of_its_conflict_is_forgotten(town: Town, session):
    id_ = town.post("/booking-requests", **town.wish())["id"]
    told = {"kind": "hours_taken", "message": "None.", "facts": {}, "certificate": {}, "alternatives": []}
    with session() as opened:
        decide(opened, id_, RequestStatus.CONFLICT, told)
    with session() as opened:
        opened.execute(delete(Conflict))
    request = town.get(f"/booking-requests/{id_}")
    assert (request["status"], request.get("conflict")) == ("conflict", None)
    assert town.get("/booking-requests", status="conflict")["items"] == [request]
    page = town.api.get(f"/app/requests/{id_}")
    assert page.status_code == 200
    assert "The reason is no longer kept." in page.text
    assert town.api.get("/app/requests").status_code == 200
    assert town.api.get("/app/overview").status_code == 200


def test_a_file_that_is_forgotten_is_said_to_be_and_the_reschedule_stays(town: Town, session):
    town.book("p1", "d1", "10:00")
    job = ask(town, ill())
    with session() as opened:
        opened.execute(update(Reschedule).values(status=RescheduleStatus.DISCARDED, planned_at=func.now()))
    for name in ("problem.json", "plan.json"):
        refused(town.api.get(f"/reschedules/{job}/{name}"), 404, "file_forgotten")
    assert town.get(f"/reschedules/{job}")["status"] == "discarded"
