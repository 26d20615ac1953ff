"""A reschedule is made, planned, applied and undone at the hospitals it concerns; no other is changed or told of."""

import datetime as dt
import uuid
from typing import Any

import httpx
import pytest

from models.access.scopes import Scope
from models.faults import Refused
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.reaching import as_its_readers
from models.rescheduling.tables import Reschedule
from models.session import transaction
from tests.access.network import ALBA, BEIRA, Network
from tests.access.test_reach_booking import says_nothing_of_beira
from tests.api.reschedules import DAY, plan
from tests.api.town import MONDAY, at, refused

STAFF = ("staff-alba", "token-alba")
AWAY = {"start": at("00:00"), "end": at("00:00", MONDAY + DAY)}
NOBODY_ELSE = {"notice_hours": 0}
ANY_HOSPITAL = {"notice_hours": 0, "same_doctor": False, "same_hospital": False}


def shared_doctor_is_ill(**more: Any) -> dict[str, Any]:
    """The doctor whose mornings are alba's and whose afternoons are beira's is away all Monday."""
    return {"cause": "doctor_unavailable", "scope": {"doctors": ["doctor-shared"], **AWAY}, **more}


def closed(hospital: str, **more: Any) -> dict[str, Any]:
    return {"cause": "hospital_closed", "scope": {"hospital": hospital, **AWAY}, **more}


def proposed(client: httpx.Client, asked: dict[str, Any]) -> str:
    """The id of a reschedule that a caller has asked for, and that is planned."""
    answer = client.post("/reschedules", json={"policy": NOBODY_ELSE, **asked})
    assert answer.status_code == 202, answer.text
    plan()
    id_: str = answer.json()["id"]
    assert client.get(f"/reschedules/{id_}").json()["status"] == "proposed"
    return id_


def told(client: httpx.Client, id_: str) -> list[httpx.Response]:
    """All that a caller can read of a reschedule."""
    paths = [
        f"/reschedules/{id_}",
        *(f"/reschedules/{id_}/{name}" for name in ("appointments", "proposal.csv", "problem.json", "plan.json")),
        "/reschedules",
    ]
    if "cookie" in client.headers:
        paths += ["/app/reschedules", f"/app/reschedules/{id_}"]
        paths += [f"/app/reschedules/{id_}/appointments?kind={kind}" for kind in ("displaced", "unplaced")]
    answers = [client.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [200] * len(paths), [each.text for each in answers]
    return answers


def items(client: httpx.Client, id_: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/reschedules/{id_}/appointments").json()["items"]
    return found


@pytest.mark.parametrize("kind", STAFF)
def test_a_doctor_who_is_ill_loses_the_hours_that_the_caller_can_see(network: Network, kind: str):
    here = network.booked("patient-alba", "doctor-shared", ALBA, "10:00")
    there = network.booked("patient-shared", "doctor-shared", BEIRA, "15:00")
    network.available("doctor-shared", ALBA, "09:00", "13:00", MONDAY + DAY)
    client = network.client(kind)
    id_ = proposed(client, shared_doctor_is_ill())
    (item,) = items(client, id_)
    assert (item["appointment"], item["after"]["start"]) == (here["id"], at("09:00", MONDAY + DAY))
    for answer in told(client, id_):
        says_nothing_of_beira(network, answer, there["id"])
    assert client.post(f"/reschedules/{id_}/apply").is_success
    admin = network.town
    left = admin.get("/availabilities", doctor="doctor-shared", **{"from": MONDAY, "to": MONDAY})["items"]
    assert [each["hospital"]["external_id"] for each in left] == [BEIRA]
    assert admin.get(f"/appointments/{there['id']}")["start"] == at("15:00")
    assert client.post(f"/reschedules/{id_}/undo").is_success
    assert admin.get(f"/appointments/{here['id']}")["start"] == at("10:00")


def test_an_admin_loses_the_hours_everywhere(network: Network):
    network.booked("patient-alba", "doctor-shared", ALBA, "10:00")
    network.booked("patient-shared", "doctor-shared", BEIRA, "15:00")
    assert network.town.post("/reschedules", **shared_doctor_is_ill())["counts"]["displaced"] == 2


def test_any_hospital_is_any_of_the_callers(network: Network):
    network.booked("patient-alba", "doctor-shared", ALBA, "10:00")
    network.available("doctor-shared", BEIRA, "09:00", "13:00", MONDAY + DAY)
    asked = shared_doctor_is_ill(policy=ANY_HOSPITAL | {"same_doctor": True})
    asked["scope"]["hospital"] = ALBA
    client = network.client("staff-alba")
    id_ = proposed(client, asked)
    (item,) = items(client, id_)
    assert item["after"] is None
    assert {each["hospital"]["external_id"] for each in item["conflict"]["alternatives"]} <= {ALBA}
    for answer in told(client, id_):
        says_nothing_of_beira(network, answer)
    assert client.post(f"/reschedules/{id_}/discard").is_success
    for kind in ("staff-both", "admin"):
        (item,) = items(network.client(kind), id_ := proposed(network.client(kind), asked))
        assert item["after"]["hospital"]["external_id"] == BEIRA
        refused(client.get(f"/reschedules/{id_}"), 404, "unknown_reschedule")
        assert network.client(kind).post(f"/reschedules/{id_}/discard").is_success


def test_a_patient_who_is_elsewhere_cannot_come_and_no_more_is_told(network: Network):
    network.booked("patient-shared", "doctor-shared", ALBA, "09:00")
    there = [network.booked("patient-shared", "doctor-beira", BEIRA, start) for start in ("10:00", "11:00", "12:00")]
    elsewhere = network.booked("patient-shared", "doctor-shared", BEIRA, "17:00")  # when nobody could come to alba
    strange = network.booked("patient-beira", "doctor-shared", BEIRA, "16:00")
    asked = shared_doctor_is_ill(policy={"notice_hours": 0, "same_doctor": False, "latest": at("18:00")})
    network.town.post("/appointments", patient="patient-alba", doctor="doctor-alba", hospital=ALBA, start=at("09:00"))
    client = network.client("staff-alba")
    id_ = proposed(client, asked)
    (item,) = items(client, id_)
    assert item["after"] is None
    assert [each["start"] for each in item["conflict"]["facts"]["appointments"] if each["id"].startswith("0000")] == [
        each["start"] for each in there
    ]
    for answer in told(client, id_):
        says_nothing_of_beira(network, answer, *(each["id"] for each in (*there, elsewhere, strange)))
    problem = client.get(f"/reschedules/{id_}/problem.json").json()
    assert len(problem["appointments"]) == len([item, *there]) + 1  # and the one that stands at alba


@pytest.mark.parametrize("asked", [shared_doctor_is_ill(), closed(BEIRA)], ids=["network", "beira"])
def test_what_concerns_other_hospitals_is_no_reschedule(network: Network, asked: dict[str, Any]):
    network.booked("patient-alba", "doctor-shared", ALBA, "10:00")
    network.booked("patient-shared", "doctor-shared", BEIRA, "15:00")
    id_ = proposed(network.client("admin"), asked)
    client = network.client("staff-alba")
    for path in ("", "/appointments", "/proposal.csv", "/problem.json", "/plan.json"):
        refused(client.get(f"/reschedules/{id_}{path}"), 404, "unknown_reschedule")
    for path, body in (
        *((path, None) for path in ("/apply", "/undo", "/discard", "/plan-again")),
        ("/extra-hours/add", {"count": 1}),
    ):
        refused(client.post(f"/reschedules/{id_}{path}", json=body), 404, "unknown_reschedule")
    for path in ("", "/apply", "/undo", "/extra-hours?count=1", "/appointments?kind=displaced"):
        assert client.get(f"/app/reschedules/{id_}{path}").status_code == 404
    for path in ("apply", "undo", "discard", "again", "extra-hours"):
        assert client.post(f"/app/reschedules/{id_}/{path}", data={"count": "1"}).status_code == 404
    assert client.get("/reschedules").json()["items"] == []
    assert id_ not in client.get("/app/reschedules").text
    assert network.town.get(f"/reschedules/{id_}")["status"] == "proposed"


def test_what_an_admin_does_about_one_hospital_its_staff_see(network: Network):
    network.booked("patient-alba", "doctor-shared", ALBA, "10:00")
    id_ = proposed(network.client("admin"), closed(ALBA))
    assert len(items(network.client("staff-alba"), id_)) == 1
    assert network.client("staff-alba").post(f"/reschedules/{id_}/apply").is_success


def test_nobody_reschedules_what_they_do_not_see(network: Network):
    there = network.booked("patient-shared", "doctor-beira", BEIRA, "10:00")
    client = network.client("staff-alba")
    answer = client.post("/reschedules", json=closed(BEIRA))
    assert [each["code"] for each in refused(answer, 422)["errors"]] == ["unknown_hospital"]
    asked = {"cause": "appointments", "scope": {"appointments": [there["id"]]}}
    answer = client.post("/reschedules", json=asked)
    assert [each["code"] for each in refused(answer, 422)["errors"]] == ["unknown_appointment"]
    answer = client.post("/reschedules", content=f"appointment\n{there['id']}\n", headers={"Content-Type": "text/csv"})
    assert [each["code"] for each in refused(answer, 422)["errors"]] == ["unknown_appointment"]
    answer = network.client("staff-nowhere").post("/reschedules", json=shared_doctor_is_ill())
    assert [each["code"] for each in refused(answer, 422)["errors"]] == ["unknown_hospital"]


@pytest.mark.parametrize("kind", STAFF)
def test_that_a_reschedule_of_others_holds_an_appointment_is_all_that_is_told_of_it(network: Network, kind: str):
    here = network.booked("patient-alba", "doctor-shared", ALBA, "10:00")
    network.booked("patient-shared", "doctor-shared", BEIRA, "15:00")
    holder = proposed(network.client("admin"), shared_doctor_is_ill())
    answer = network.client(kind).post("/reschedules", json=closed(ALBA))
    (fault,) = refused(answer, 409)["errors"]
    assert fault["facts"] == {"appointments": 1}
    assert here["id"] in fault["message"]
    says_nothing_of_beira(network, answer, holder)
    answer = network.town.api.post("/reschedules", json=closed(ALBA))
    assert refused(answer, 409)["errors"][0]["facts"]["reschedule"] == holder
    if kind == "staff-alba":
        form = {"cause": "hospital_closed", "hospital": ALBA, "start": f"{MONDAY}T00:00", "end": f"{MONDAY}T23:00"}
        page = network.client(kind).post("/app/reschedules/new", data=form | {"clock": "Europe/Lisbon", "do": "plan"})
        assert page.status_code == 409
        assert not [each for each in (holder, network.id_of(BEIRA), f'value="{BEIRA}"') if each in page.text]


def _moved_to_an_hour_that_is_taken_at_beira(network: Network) -> tuple[str, list[str]]:
    """A proposal of staff of alba; since then the patients of both appointments have got something at beira."""
    first = network.booked("patient-alba", "doctor-alba", ALBA, "09:00")
    second = network.booked("patient-shared", "doctor-alba", ALBA, "10:00")
    for day in (DAY, 2 * DAY):
        network.available("doctor-alba", ALBA, "09:00", "10:00", MONDAY + day)
        network.available("doctor-beira", BEIRA, "09:00", "10:00", MONDAY + day)
    id_ = proposed(network.client("staff-alba"), closed(ALBA))
    taken = {each["appointment"]: each["after"]["start"][:10] for each in items(network.client("staff-alba"), id_)}
    day = dt.date.fromisoformat(taken[second["id"]])
    busy = network.booked("patient-shared", "doctor-beira", BEIRA, "09:00", day)
    network.town.post(f"/appointments/{first['id']}/move", doctor="doctor-beira", hospital=BEIRA, start=at("11:00"))
    return id_, [busy["id"]]


def test_a_schedule_that_has_changed_elsewhere_is_told_as_that(network: Network):
    id_, secrets = _moved_to_an_hour_that_is_taken_at_beira(network)
    answer = network.client("staff-alba").post(f"/reschedules/{id_}/apply")
    faults = refused(answer, 409, "schedule_changed")["errors"]
    assert [each["code"] for each in faults] == ["appointment_moved", "patient_busy_since"]
    assert all("another hospital" in each["message"] for each in faults)
    says_nothing_of_beira(network, answer, *secrets)
    everything = network.town.api.post(f"/reschedules/{id_}/apply").text
    assert all(each in everything for each in (*secrets, network.id_of(BEIRA)))


def test_what_is_written_into_its_history_is_for_whoever_sees_the_job(network: Network):
    id_, secrets = _moved_to_an_hour_that_is_taken_at_beira(network)
    with transaction() as session:
        job = session.get_one(Reschedule, uuid.UUID(id_))
        with as_its_readers(session, job), pytest.raises(Refused) as refusal:
            apply_reschedule(session, job.id, None, dt.datetime.now(dt.UTC))
    said = " ".join(fault.message for fault in refusal.value.faults)
    assert "another hospital" in said
    assert not [each for each in (*secrets, network.id_of(BEIRA)) if each in said]


def test_a_doctor_who_is_elsewhere_since_cannot_be_there_again(network: Network):
    network.booked("patient-alba", "doctor-alba", ALBA, "10:00")
    network.available("doctor-alba", ALBA, "09:00", "13:00", MONDAY + DAY)
    client = network.client("staff-alba")
    id_ = proposed(client, closed(ALBA))
    assert client.post(f"/reschedules/{id_}/apply").is_success
    there = network.available("doctor-alba", BEIRA, "09:00", "13:00")
    answer = client.post(f"/reschedules/{id_}/undo")
    codes = [each["code"] for each in refused(answer, 409, "schedule_changed")["errors"]]
    assert "doctor_elsewhere" in codes
    says_nothing_of_beira(network, answer, there["id"])


def test_planning_again_stays_where_it_was(network: Network):
    network.booked("patient-alba", "doctor-shared", ALBA, "10:00")
    network.booked("patient-shared", "doctor-shared", BEIRA, "15:00")
    old = proposed(network.client("staff-alba"), shared_doctor_is_ill())
    again = network.town.post(f"/reschedules/{old}/plan-again")
    assert again["counts"]["displaced"] == 1
    assert network.client("staff-alba").get(f"/reschedules/{again['id']}").is_success


def test_extra_hours_keep_clear_of_where_the_doctor_is(network: Network):
    network.booked("patient-alba", "doctor-shared", ALBA, "10:00")
    asked = closed(ALBA, policy={"notice_hours": 0, "latest": at("18:00")})
    asked["scope"]["end"] = at("13:00")
    client = network.client("staff-alba")
    id_ = proposed(client, asked)
    (hour,) = client.get(f"/reschedules/{id_}").json()["extra_hours"]["hours"]
    assert hour["start"] == at("13:00")  # from 14:00 on the doctor is at beira
    assert client.post(f"/reschedules/{id_}/extra-hours/add", json={"count": 1}).is_success


def test_scopes_open_what_they_say(network: Network):
    network.booked("patient-alba", "doctor-shared", ALBA, "10:00")
    reader, writer = (
        network.client(f"token-alba {scope}") for scope in (Scope.RESCHEDULES_READ, Scope.RESCHEDULES_WRITE)
    )
    refused(reader.post("/reschedules", json=closed(ALBA)), 403, "forbidden")
    made = writer.post("/reschedules", json=closed(ALBA))
    assert made.status_code == 202
    assert reader.get(made.headers["Location"]).is_success
    refused(writer.get(made.headers["Location"]), 403, "forbidden")
