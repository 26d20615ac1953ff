"""A calendar feed tells what whoever made it could see; what became of a message is told where its hour was."""

import uuid
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from models.deliveries.handing import hand_on, use_channels
from models.deliveries.tables import Channel, Delivery, DeliveryStatus
from models.session import transaction
from tests.access.network import ALBA, BEIRA, Network
from tests.access.test_reach_booking import says_nothing_of_beira
from tests.api.town import at, refused

STAFF = ("staff-alba", "token-alba")


def made(client: httpx.Client, doctor: str, label: str) -> tuple[dict[str, Any], str]:
    """A feed and what it says at its address, which needs no sign-in."""
    answer = client.post(f"/doctors/{doctor}/calendar-feeds", json={"label": label})
    assert answer.status_code == 201, answer.text
    calendar = httpx.get(answer.json()["url"])
    assert calendar.status_code == 200
    return answer.json(), calendar.text


@pytest.fixture
def booked(network: Network) -> dict[str, str]:
    """An hour of the shared doctor at each hospital."""
    return book_at_each(network)


def book_at_each(network: Network) -> dict[str, str]:
    """The appointments, by hospital."""
    return {
        hospital: network.booked(patient, "doctor-shared", hospital, start)["id"]
        for patient, hospital, start in (("patient-alba", ALBA, "10:00"), ("patient-beira", BEIRA, "15:00"))
    }


@pytest.mark.parametrize("kind", STAFF)
def test_a_feed_tells_no_more_than_its_maker_saw(network: Network, booked: dict[str, str], kind: str):
    _, calendar = made(network.client(kind), "doctor-shared", "Phone")
    assert booked[ALBA] in calendar
    assert BEIRA not in calendar.lower()
    assert booked[BEIRA] not in calendar
    _, everything = made(network.client("admin"), "doctor-shared", "Desktop")
    assert all(id_ in everything for id_ in booked.values())


def test_a_doctors_own_feed_tells_of_every_hospital(network: Network, booked: dict[str, str]):
    _, calendar = made(network.client("doctor-shared"), "doctor-shared", "Phone")
    assert all(id_ in calendar for id_ in booked.values())


@pytest.mark.parametrize("kind", ["admin", "staff-beira", "staff-both"])
def test_the_feeds_of_others_do_not_exist(network: Network, kind: str):
    feed, _ = made(network.client(kind), "doctor-shared", "Phone")
    client = network.client("staff-alba")
    refused(client.get(f"/calendar-feeds/{feed['id']}"), 404, "unknown_calendar_feed")
    refused(client.delete(f"/calendar-feeds/{feed['id']}"), 404, "unknown_calendar_feed")
    assert client.get(f"/app/calendars/{feed['id']}/revoke").status_code == 404
    assert client.post(f"/app/calendars/{feed['id']}/revoke").status_code == 404
    assert client.get("/doctors/doctor-shared/calendar-feeds").json()["items"] == []
    assert feed["id"] not in client.get("/app/calendars").text
    assert httpx.get(feed["url"]).status_code == 200
    own = network.client("doctor-shared")
    assert [each["id"] for each in own.get("/doctors/doctor-shared/calendar-feeds").json()["items"]] == [feed["id"]]
    assert own.delete(f"/calendar-feeds/{feed['id']}").status_code == 204
    assert httpx.get(feed["url"]).status_code == 404


def test_a_doctor_has_no_feeds_of_another(network: Network):
    feed, _ = made(network.client("admin"), "doctor-alba", "Phone")
    doctor = network.client("doctor-shared")
    path = "/doctors/doctor-alba/calendar-feeds"
    refused(doctor.get(path), 404, "unknown_doctor")
    refused(doctor.post(path, json={"label": "Mine"}), 404, "unknown_doctor")
    refused(doctor.get(f"/calendar-feeds/{feed['id']}"), 404, "unknown_calendar_feed")
    assert doctor.get(f"/app/calendars/new?doctor={network.id_of('doctor-alba')}").status_code == 404
    sent = {"doctor": network.id_of("doctor-alba"), "label": "Mine"}
    assert doctor.post("/app/calendars", data=sent).status_code == 404
    listed = doctor.get("/app/calendars").text
    assert "Dr Doctor-Shared" in listed
    assert "Dr Doctor-Alba" not in listed


def test_who_acts_nowhere_makes_no_feed(network: Network):
    answer = network.client("staff-nowhere").post("/doctors/doctor-shared/calendar-feeds", json={"label": "Phone"})
    refused(answer, 404, "unknown_doctor")


def dead_deliveries(network: Network) -> dict[str, str]:
    """Book an hour of the shared doctor at each hospital, and give up on telling a webhook of it. The deliveries."""
    with transaction() as session:
        use_channels(session, [Channel.WEBHOOK])
    booked = book_at_each(network)
    with transaction() as session:
        assert hand_on(session, Channel.WEBHOOK, 100)
        session.execute(update(Delivery).values(status=DeliveryStatus.DEAD, last_error="It answered 503."))
        found = dict(
            session.execute(
                select(Delivery.appointment_id, Delivery.id).where(Delivery.appointment_id.is_not(None))
            ).all()
        )
    return {hospital: str(found[uuid.UUID(id_)]) for hospital, id_ in booked.items()}


@pytest.mark.parametrize("kind", STAFF)
def test_deliveries_elsewhere_do_not_exist(network: Network, kind: str):
    client, handed_out = network.client(kind), dead_deliveries(network)
    listed = client.get("/deliveries")
    assert [each["id"] for each in listed.json()["items"]] == [handed_out[ALBA]]
    says_nothing_of_beira(network, listed, handed_out[BEIRA])
    refused(client.get(f"/deliveries/{handed_out[BEIRA]}"), 404, "unknown_delivery")
    refused(client.post(f"/deliveries/{handed_out[BEIRA]}/retry"), 404, "unknown_delivery")
    assert client.post(f"/deliveries/{handed_out[ALBA]}/retry").is_success
    if kind == "staff-alba":
        page = client.get("/app/messages")
        assert page.status_code == 200
        says_nothing_of_beira(network, page, handed_out[BEIRA])
        assert client.post(f"/app/messages/{handed_out[BEIRA]}/retry").status_code == 404


def test_an_hour_elsewhere_that_an_appointment_once_had_is_not_told(network: Network):
    with transaction() as session:
        use_channels(session, [Channel.WEBHOOK])
    there = network.booked("patient-shared", "doctor-beira", BEIRA, "10:00")
    to = {"doctor": "doctor-alba", "hospital": ALBA, "start": at("11:00")}
    network.town.post(f"/appointments/{there['id']}/move", **to)
    with transaction() as session:
        hand_on(session, Channel.WEBHOOK, 100)
        session.execute(update(Delivery).values(status=DeliveryStatus.DEAD, last_error="It answered 503."))
        first = str(session.scalars(select(Delivery.id).order_by(Delivery.id).limit(1)).one())
    client = network.client("staff-alba")
    assert first not in client.get("/deliveries").text
    refused(client.post(f"/deliveries/{first}/retry"), 404, "unknown_delivery")
    assert client.post(f"/app/messages/{first}/retry").status_code == 404
    page = client.get("/app/messages")
    assert page.status_code == 200
    says_nothing_of_beira(network, page)
    back = {"doctor": "doctor-beira", "hospital": BEIRA, "start": at("12:00")}
    network.town.post(f"/appointments/{there['id']}/move", **back)
    network.town.post(f"/appointments/{there['id']}/move", **to)
    with transaction() as session:
        hand_on(session, Channel.WEBHOOK, 100)
    page = client.get("/app/messages")
    assert page.status_code == 200
    says_nothing_of_beira(network, page)
