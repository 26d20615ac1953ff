"""Whatever staff of one hospital read, by address or by list, nothing of another is in it."""

import re

import httpx
import pytest

from api.access.policy import POLICY
from tests.access.network import ALBA, BEIRA, Network
from tests.api.town import MONDAY

_THE_HOSPITAL = re.compile(r"(?<![-\w])beira(?!\w)", re.IGNORECASE)
"""Its name, but not in those of its doctors and patients: people are the whole network's."""

ROUTES = sorted(
    route.removeprefix("GET ")
    for row in POLICY
    if not row.everyone and not row.network
    for route in row.routes
    if route.startswith("GET ") and route != "GET /app/live"
)

CALLERS = ("staff-alba", "doctor-alba", "token-alba")


class Places:
    """What there is at each hospital, by the names that paths give it."""

    def __init__(self, network: Network) -> None:
        self.here = self._at(network, ALBA)
        self.there = self._at(network, BEIRA)
        self.secrets = {value for value in self.there.values() if value != BEIRA} | {network.id_of(BEIRA)}

    def _at(self, network: Network, hospital: str) -> dict[str, str]:
        doctor, patient = f"doctor-{hospital}", f"patient-{hospital}"
        asked = network.town.post("/booking-requests", **network.wish(patient, [hospital]))
        batch = network.town.post("/booking-batches", requests=[network.wish("patient-shared", [hospital])])
        (mine,) = network.town.get("/availabilities", doctor=doctor)["items"]
        return {
            "hospital": hospital,
            "appointment_id": network.booked(patient, doctor, hospital, "09:00")["id"],
            "availability_id": mine["id"],
            "request_id": asked["id"],
            "batch_id": batch["id"],
        }


@pytest.fixture
def places(network: Network) -> Places:
    network.town.post("/booking-requests", **network.wish("patient-shared", None))
    network.town.post("/booking-requests", **network.wish("patient-shared", [ALBA, BEIRA]))
    return Places(network)


def _says(answer: httpx.Response, places: Places) -> list[str]:
    """What an answer says of the other hospital."""
    said = answer.text + str(answer.headers.multi_items())
    return [secret for secret in places.secrets if secret in said] + _THE_HOSPITAL.findall(said)


def _filled(route: str, values: dict[str, str]) -> str | None:
    """An address; None: it names what there is none of here."""
    try:
        return route.format_map(values | {"doctor": "doctor-shared", "external_id": "patient-shared"})
    except KeyError:
        return None


ASKED = {
    "/schedule": {"hospital": ALBA, "date": str(MONDAY)},
    "/app/schedule": {"hospital": ALBA, "date": str(MONDAY)},
    "/app/schedule/data": {"hospital": ALBA, "date": str(MONDAY)},
    "/app/day-sheet": {"hospital": ALBA, "date": str(MONDAY)},
    "/overview/utilisation": {"hospital": ALBA, "from": str(MONDAY)},
    "/overview/utilisation.csv": {"hospital": ALBA, "from": str(MONDAY)},
}


@pytest.mark.parametrize("kind", CALLERS)
def test_no_reading_tells_of_another_hospital(network: Network, places: Places, kind: str) -> None:
    client, told, answered = network.client(kind), {}, set()
    for route in ROUTES:
        if address := _filled(route, places.here):
            answer = client.get(address, params=ASKED.get(route))
            assert answer.status_code < 500, (route, answer.text)
            answered |= {route} if answer.is_success else set()
            if said := _says(answer, places):
                told[route] = said
    assert told == {}
    assert _says(network.client("admin").get("/hospitals"), places)  # so it would be noticed
    assert {"/schedule", "/appointments", "/appointments/{appointment_id}"} - answered <= {
        "/appointments/{appointment_id}"
    }


@pytest.mark.parametrize("kind", CALLERS)
def test_an_address_of_another_hospital_is_answered_as_one_of_nobody(
    network: Network, places: Places, kind: str
) -> None:
    client, nowhere = network.client(kind), dict.fromkeys(places.there, "01900000-0000-7000-8000-000000000000")
    for route in ROUTES:
        address, nobodys = _filled(route, places.there), _filled(route, nowhere)
        if address and nobodys and address != route:
            theirs, none = client.get(address), client.get(nobodys)
            assert theirs.status_code == none.status_code, route
            if theirs.is_success:
                continue  # it names no hospital
            said = {secret for secret in places.secrets if secret in theirs.text.replace(address, "")}
            assert said <= set(places.there.values()), route
    lists = ("/appointments", "/availabilities", "/booking-requests", "/schedule", "/overview/utilisation")
    for route in lists:
        date = {"date": str(MONDAY)} if route == "/schedule" else {}
        theirs = client.get(route, params={"hospital": BEIRA, **date})
        none = client.get(route, params={"hospital": "no-such", **date})
        assert theirs.status_code == none.status_code != 200, route
