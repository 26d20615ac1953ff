"""The hours that an appointment had before, and which reschedule moved it."""

import uuid

from sqlalchemy import insert

from models.rescheduling.tables import BECAUSE_OF, Reschedule
from tests.api.town import Town, at, refused


def move(town: Town, appointment: str, **to: str) -> None:
    town.post(f"/appointments/{appointment}/move", **to)


def test_an_appointment_that_was_never_moved_has_no_history(town: Town):
    appointment = town.book("p1", "d1", "10:00")
    assert town.get(f"/appointments/{appointment['id']}/history") == {"items": [], "next_cursor": None}


def test_every_hour_it_had_is_kept_in_their_order(town: Town):
    appointment = town.book("p1", "d1", "10:00")["id"]
    move(town, appointment, start=at("11:00"))
    move(town, appointment, start=at("12:00"), doctor="d2")
    items = town.get(f"/appointments/{appointment}/history")["items"]
    assert [(each["doctor"]["external_id"], each["start"], each["end"]) for each in items] == [
        ("d1", at("10:00"), at("11:00")),
        ("d1", at("11:00"), at("12:00")),
    ]
    assert [each["hospital"]["name"] for each in items] == ["Central"] * 2
    assert [each["reschedule"] for each in items] == [None] * 2
    assert items[0]["left_at"] < items[1]["left_at"]


def test_it_is_read_page_by_page(town: Town):
    appointment = town.book("p1", "d1", "09:00")["id"]
    for start in ("10:00", "11:00", "12:00"):
        move(town, appointment, start=at(start))
    address = f"/appointments/{appointment}/history"
    first = town.get(address, limit=2)
    rest = town.get(address, limit=2, cursor=first["next_cursor"])
    assert [each["start"] for each in first["items"] + rest["items"]] == [at("09:00"), at("10:00"), at("11:00")]
    assert rest["next_cursor"] is None
    refused(town.api.get(address, params={"cursor": "x"}), 422, "unreadable_cursor")


def test_the_reschedule_that_moved_it_is_named(town: Town, session):
    appointment = town.book("p1", "d1", "10:00")["id"]
    asked = {"cause": "room", "what_if": False, "dry_run": True, "scope": {}, "policy": {}}
    with session() as writing:
        job = writing.execute(insert(Reschedule).values(**asked).returning(Reschedule.id)).scalar_one()
        writing.execute(BECAUSE_OF, {"reschedule": str(job)})
        writing.connection().exec_driver_sql(
            "UPDATE appointment SET during = tstzrange(lower(during) + '1 hour', upper(during) + '1 hour')"
        )
    (moved,) = town.get(f"/appointments/{appointment}/history")["items"]
    assert moved["reschedule"] == str(job)


def test_no_appointment_no_history(town: Town):
    refused(town.api.get(f"/appointments/{uuid.uuid4()}/history"), 404, "unknown_appointment")
