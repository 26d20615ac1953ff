"""Whoever acts at one hospital is told nothing of another, whatever they book, ask for and move."""

from typing import Any

import httpx
import pytest

from models.booking import RequestStatus
from models.session import transaction
from planner.plan import ConflictKind
from tests.access.network import ALBA, BEIRA, Network
from tests.api.town import MONDAY, at, decide, refused

STAFF = ("staff-alba", "token-alba")


def says_nothing_of_beira(network: Network, answer: httpx.Response, *ids: str) -> None:
    """Nothing that only somebody of beira knows is in an answer."""
    text = (answer.text + str(answer.headers)).lower()
    for secret in (BEIRA, network.id_of(BEIRA), *ids):
        assert secret not in text, (secret, answer.text)


@pytest.mark.parametrize("kind", STAFF)
def test_a_patient_who_is_elsewhere_is_busy_and_no_more_is_told(network: Network, kind: str) -> None:
    there = network.booked("patient-shared", "doctor-beira", BEIRA, "10:00")
    wanted = {"patient": "patient-shared", "doctor": "doctor-alba", "hospital": ALBA, "start": at("10:00")}
    answer = network.client(kind).post("/appointments", json=wanted)
    (fault,) = refused(answer, 409)["errors"]
    assert fault["code"] == "patient_busy"
    assert fault["message"].endswith("Not all of what stands in the way is yours to see.")
    assert fault["facts"]["appointments"] == []
    assert fault["facts"]["withheld"] is True
    hours = {(each["hospital"]["external_id"], each["start"]) for each in fault["facts"]["alternatives"]}
    assert {hospital for hospital, _ in hours} == {ALBA}
    assert (ALBA, at("10:00")) not in hours  # since the patient is elsewhere then
    says_nothing_of_beira(network, answer, there["id"])
    (everything,) = refused(network.town.api.post("/appointments", json=wanted), 409)["errors"]
    assert [each["id"] for each in everything["facts"]["appointments"]] == [there["id"]]


@pytest.mark.parametrize("kind", STAFF)
def test_a_move_to_an_hour_at_which_the_patient_is_elsewhere_tells_no_more(network: Network, kind: str) -> None:
    here = network.booked("patient-shared", "doctor-alba", ALBA, "09:00")
    there = network.booked("patient-shared", "doctor-beira", BEIRA, "10:00")
    answer = network.client(kind).post(f"/appointments/{here['id']}/move", json={"start": at("10:00")})
    refused(answer, 409)
    says_nothing_of_beira(network, answer, there["id"])
    assert network.client(kind).post(f"/appointments/{here['id']}/move", json={"start": at("11:00")}).is_success


@pytest.mark.parametrize("kind", STAFF)
def test_an_appointment_elsewhere_is_none(network: Network, kind: str) -> None:
    client, there = network.client(kind), network.booked("patient-shared", "doctor-beira", BEIRA, "10:00")
    path = f"/appointments/{there['id']}"
    for answer in (
        client.get(path),
        client.get(f"{path}/history"),
        client.post(f"{path}/cancel"),
        client.post(f"{path}/complete"),
        client.post(f"{path}/move", json={"start": at("11:00"), "hospital": ALBA, "doctor": "doctor-alba"}),
    ):
        refused(answer, 404, "unknown_appointment")
        says_nothing_of_beira(network, answer)
    here = network.booked("patient-alba", "doctor-alba", ALBA, "09:00")
    answer = client.post(f"/appointments/{here['id']}/move", json={"start": at("10:00"), "hospital": BEIRA})
    assert refused(answer, 422)["errors"][0]["code"] == "unknown_hospital"
    wish = network.wish("patient-shared", [ALBA], moves=there["id"])
    assert refused(client.post("/booking-requests", json=wish), 422)["errors"][0]["code"] == "unknown_appointment"


@pytest.mark.parametrize("kind", STAFF)
def test_a_doctor_who_is_elsewhere_cannot_be_here_and_no_more_is_told(network: Network, kind: str) -> None:
    sent = {"doctor": "doctor-shared", "hospital": ALBA, "start": at("15:00"), "end": at("17:00")}
    answer = network.client(kind).post("/availabilities", json=sent)
    (fault,) = refused(answer, 409)["errors"]
    assert fault["code"] == "doctor_elsewhere"
    assert fault["message"] == "The doctor is at another hospital then; a doctor is in one place at a time."
    says_nothing_of_beira(network, answer)
    (everything,) = refused(network.town.api.post("/availabilities", json=sent), 409)["errors"]
    assert "The doctor is at Beira then" in everything["message"]


@pytest.mark.parametrize("kind", STAFF)
def test_any_hospital_is_any_that_the_caller_reaches(network: Network, kind: str) -> None:
    client = network.client(kind)
    asked = client.post("/booking-requests", json=network.wish("patient-shared", None)).json()
    assert [each["external_id"] for each in asked["hospitals"]] == [ALBA]
    again = client.post(f"/booking-requests/{asked['id']}/replace", json={"hospitals": None}).json()
    assert [each["external_id"] for each in again["hospitals"]] == [ALBA]
    lines = {"requests": [network.wish("patient-alba", None), network.wish("patient-shared", [ALBA])]}
    batch = client.post("/booking-batches", json=lines).json()
    (first, second) = client.get("/booking-requests", params={"batch": batch["id"]}).json()["items"]
    assert first["hospitals"] == second["hospitals"] == asked["hospitals"]
    assert network.town.post("/booking-requests", **network.wish("patient-beira", None))["hospitals"] is None


@pytest.mark.parametrize("hospitals", [[BEIRA], [ALBA, BEIRA]])
def test_a_request_for_a_hospital_out_of_reach_is_refused(network: Network, hospitals: list[str]) -> None:
    answer = network.client("staff-alba").post("/booking-requests", json=network.wish("patient-shared", hospitals))
    assert refused(answer, 422)["errors"][0]["code"] == "unknown_hospital"


def test_who_acts_nowhere_can_ask_for_nothing(network: Network) -> None:
    answer = network.client("staff-nowhere").post("/booking-requests", json=network.wish("patient-shared", None))
    (fault,) = refused(answer, 422)["errors"]
    assert (fault["code"], fault["pointer"]) == ("unknown_hospital", "#/hospitals")


@pytest.fixture
def requests(network: Network) -> dict[str, dict[str, Any]]:
    """One request for each set of hospitals that it may accept."""
    sets = {"alba": [ALBA], "beira": [BEIRA], "both": [ALBA, BEIRA], "any": None}
    return {
        name: network.town.post("/booking-requests", **network.wish("patient-shared", each))
        for name, each in sets.items()
    }


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("staff-alba", {"alba"}),
        ("token-alba requests:read", {"alba"}),
        ("staff-both", {"alba", "beira", "both"}),
        ("staff-nowhere", set()),
        ("token-everywhere requests:read", {"alba", "beira", "both", "any"}),
        ("token-everywhere requests:write", set()),  # which has made none of them
    ],
)
def test_a_request_is_seen_by_whoever_reaches_all_its_hospitals(
    network: Network, requests: dict[str, dict[str, Any]], kind: str, seen: set[str]
) -> None:
    client = network.client(kind)
    listed = {each["id"] for each in client.get("/booking-requests").json()["items"]}
    assert listed == {requests[name]["id"] for name in seen}
    for name, request in requests.items():
        answer = client.get(f"/booking-requests/{request['id']}")
        assert answer.status_code == (200 if name in seen else 404)
        if name not in seen:
            assert client.delete(f"/booking-requests/{request['id']}").status_code in (403, 404)
    left = [each["status"] for each in network.town.get("/booking-requests")["items"]]
    assert left == ["queued"] * 4


def test_a_token_that_writes_sees_what_it_made_and_nothing_else(network: Network) -> None:
    mine, other = network.client("token-alba requests:write"), network.client("staff-alba")
    theirs = other.post("/booking-requests", json=network.wish("patient-shared", [ALBA])).json()
    own = mine.post("/booking-requests", json=network.wish("patient-alba", None)).json()
    batch = mine.post("/booking-batches", json={"requests": [network.wish("patient-beira", [ALBA])]}).json()
    listed = {each["id"] for each in mine.get("/booking-requests").json()["items"]}
    assert own["id"] in listed
    assert len(listed) == 2
    assert [each["id"] for each in mine.get("/booking-batches").json()["items"]] == [batch["id"]]
    for answer in (
        mine.get(f"/booking-requests/{theirs['id']}"),
        mine.delete(f"/booking-requests/{theirs['id']}"),
        mine.post(f"/booking-requests/{theirs['id']}/replace", json={}),
    ):
        refused(answer, 404, "unknown_booking_request")
    assert mine.delete(f"/booking-requests/{own['id']}").is_success
    assert len(other.get("/booking-requests").json()["items"]) == 3


@pytest.mark.parametrize("kind", ["staff-alba", "token-alba requests:read"])
def test_of_a_conflict_only_what_is_in_reach_is_told(network: Network, kind: str) -> None:
    asked = network.town.post("/booking-requests", **network.wish("patient-shared", [ALBA]))
    winner = network.town.post("/booking-requests", **network.wish("patient-alba", None))
    there = network.booked("patient-shared", "doctor-beira", BEIRA, "10:00")
    alba, beira, doctor = network.id_of(ALBA), network.id_of(BEIRA), network.id_of("doctor-shared")
    hour = {"doctor": doctor, "hospital": alba, "start": at("09:00")}
    elsewhere = {
        "request": there["id"],
        "doctor": network.id_of("doctor-beira"),
        "hospital": beira,
        "start": at("10:00"),
    }
    conflict = {
        "kind": ConflictKind.OUTCOMPETED,
        "message": f"Every hour that was free went to {winner['id']} and {there['id']}.",
        "facts": {"winners": [{"request": winner["id"], **hour}, elsewhere], "moved": []},
        "certificate": {"rule": "search", "requests": [asked["id"], winner["id"]], "appointments": []},
        "alternatives": [
            {**hour, "gives_up": []},
            {"doctor": doctor, "hospital": beira, "start": at("14:00"), "gives_up": ["the hospital: Beira"]},
        ],
    }
    with transaction() as session:
        decide(session, asked["id"], RequestStatus.CONFLICT, conflict)
    answer = network.client(kind).get(f"/booking-requests/{asked['id']}")
    told = answer.json()["conflict"]
    assert told["facts"] == {"winners": [hour], "moved": [], "withheld": True}
    assert told["certificate"] == {}
    assert [each["hospital"]["external_id"] for each in told["alternatives"]] == [ALBA]
    says_nothing_of_beira(network, answer, winner["id"], there["id"], network.id_of("doctor-beira"))
    whole = network.town.get(f"/booking-requests/{asked['id']}")["conflict"]
    assert whole["facts"] == conflict["facts"]
    assert whole["message"] == conflict["message"]
    page = network.client("staff-alba").get(f"/app/requests/{asked['id']}")
    assert page.is_success
    says_nothing_of_beira(network, page, winner["id"], there["id"])


def test_a_request_about_to_move_an_appointment_is_heeded_by_who_does_not_see_it(network: Network) -> None:
    here = network.booked("patient-shared", "doctor-alba", ALBA, "09:00")
    unseen = network.town.post("/booking-requests", **network.wish("patient-shared", None, moves=here["id"]))
    client = network.client("staff-alba")
    answer = client.post(f"/appointments/{here['id']}/move", json={"start": at("11:00")})
    assert refused(answer, 409)["errors"][0]["code"] == "already_being_moved"
    says_nothing_of_beira(network, answer, unseen["id"])
    wish = network.wish("patient-shared", [ALBA], moves=here["id"])
    assert refused(client.post("/booking-requests", json=wish), 422)["errors"][0]["code"] == "already_being_moved"


def test_the_lists_of_a_day_hold_what_is_in_reach(network: Network) -> None:
    here = network.booked("patient-alba", "doctor-shared", ALBA, "09:00")
    network.booked("patient-beira", "doctor-shared", BEIRA, "14:00")
    for kind in ("staff-alba", "token-alba schedule:read", "doctor-shared", "doctor-alba", "admin"):
        client = network.client(kind)
        appointments = {each["id"] for each in client.get("/appointments").json()["items"]}
        places = [each["hospital"]["external_id"] for each in client.get("/availabilities").json()["items"]]
        day = client.get("/schedule", params={"hospital": BEIRA, "date": str(MONDAY)})
        match kind:
            case "staff-alba" | "token-alba schedule:read":
                assert (appointments, set(places), len(places)) == ({here["id"]}, {ALBA}, 2)
                refused(day, 422)
            case "doctor-alba":
                assert (appointments, places) == (set(), [ALBA])
                refused(day, 422)
            case "doctor-shared":
                assert (len(appointments), sorted(places)) == (2, [ALBA, BEIRA])
                assert "doctor-beira" not in day.text
            case _:
                assert (len(appointments), len(places)) == (2, 4)
