"""What happened is told to whoever reaches where it happened, and wakes the pages of nobody else."""

from typing import Any

from api.web import live
from models.session import transaction
from tests.access.network import ALBA, BEIRA, Network
from tests.api.town import at
from tests.web.test_live import listening


def _heard(network: Network, kind: str, cursor: str) -> list[tuple[str, dict[str, Any]]]:
    answer = network.client(kind).get("/events", params={"cursor": cursor})
    assert answer.is_success, answer.text
    return [(each["topic"], each["payload"]) for each in answer.json()["items"]]


def _start(network: Network) -> str:
    cursor: str = network.town.get("/events", limit=1000)["next_cursor"]
    return cursor


def test_a_token_hears_of_its_hospitals(network: Network) -> None:
    start = _start(network)
    here = network.booked("patient-alba", "doctor-alba", ALBA, "09:00")
    network.booked("patient-beira", "doctor-beira", BEIRA, "09:00")
    mine = network.town.post("/booking-requests", **network.wish("patient-alba", [ALBA]))
    network.town.post("/booking-requests", **network.wish("patient-alba", [ALBA, BEIRA]))
    anywhere = network.town.post("/booking-requests", **network.wish("patient-alba", None))
    lines = [network.wish("patient-alba", [ALBA]), network.wish("patient-shared", [BEIRA])]
    network.town.post("/booking-batches", requests=lines)
    batch = network.town.post("/booking-batches", requests=lines[:1])
    network.town.api.delete(f"/booking-requests/{mine['id']}")
    network.town.api.delete(f"/booking-requests/{anywhere['id']}")
    heard = [(topic, set(payload.values())) for topic, payload in _told(_heard(network, "token-alba", start))]
    assert [topic for topic, _ in heard] == [
        "appointment.booked",
        "booking_request.queued",
        "booking_request.queued",
        "booking_request.decided",
    ]
    assert [here["id"] in heard[0][1], batch["id"] in heard[2][1], mine["id"] in heard[3][1]] == [True] * 3
    assert len(_heard(network, "token-everywhere", start)) == 9


def _told(heard: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    return [(topic, {name: str(value) for name, value in payload.items()}) for topic, payload in heard]


def test_of_an_appointment_that_changes_hospitals_each_hears_its_part(network: Network) -> None:
    booked = network.booked("patient-shared", "doctor-alba", ALBA, "09:00")
    start = _start(network)
    to = {"doctor": "doctor-beira", "hospital": BEIRA, "start": at("11:00")}
    network.town.post(f"/appointments/{booked['id']}/move", **to)
    (whole,) = (payload for _, payload in _heard(network, "token-everywhere", start))
    ((_, left),) = _heard(network, "token-alba", start)
    former = {name: whole[name] for name in ("former_doctor", "former_hospital", "former_start")}
    assert left == {"appointment": booked["id"], "version": 2, **former}
    ((_, gained),) = _heard(network, "token-beira", start)
    assert gained == {name: value for name, value in whole.items() if not name.startswith("former_")}


def test_a_cursor_passes_what_is_out_of_reach(network: Network) -> None:
    start = _start(network)
    network.booked("patient-beira", "doctor-beira", BEIRA, "09:00")
    told = network.client("token-alba").get("/events", params={"cursor": start}).json()
    assert told["items"] == []
    assert told["next_cursor"] == _start(network)
    here = network.booked("patient-alba", "doctor-alba", ALBA, "09:00")
    ((_, payload),) = _heard(network, "token-alba", told["next_cursor"])
    assert payload["appointment"] == here["id"]


def test_pages_are_woken_by_what_is_in_their_reach(network: Network) -> None:
    with transaction() as session:
        since = live.since(session)
    network.booked("patient-beira", "doctor-beira", BEIRA, "09:00")
    network.town.post("/booking-requests", **network.wish("patient-beira", None))
    asked = network.town.post("/booking-requests", **network.wish("patient-alba", [ALBA]))
    heard = {}
    for kind in ("staff-alba", "admin", "staff-beira"):  # the admin listens second, and hears all the same
        with listening(network.client(kind), f"/app/live?since={since}") as events:
            heard[kind] = next(events)["event"]
    assert heard == {"staff-alba": "requests", "admin": "requests", "staff-beira": "schedule"}
    with listening(network.client("doctor-alba"), f"/app/live?since={since}") as events:
        network.town.api.delete(f"/booking-requests/{asked['id']}")
        network.booked("patient-alba", "doctor-shared", ALBA, "09:00")
        network.booked("patient-alba", "doctor-alba", ALBA, "10:00")
        first = next(events)
    assert first["event"] == "schedule"
