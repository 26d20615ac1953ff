"""What one can see of real processes: a booking request from POST to commit, in the log, the metrics and the traces."""

import os
import signal
import uuid
from typing import Any

import httpx
import psutil
import pytest

from tests.api.town import MONDAY, Town, hospital
from tests.seeing.conftest import REQUEST, Plant, Scrape
from tests.seeing.ops_files import metrics
from tests.workers.waiting import until

SWEPT = {"task": "sweep", "outcome": "done"}
STEPS = ("read", "solve", "verify", "commit")
LABELS = {"channel", "code", "how", "kind", "le", "method", "outcome", "priority", "queue", "route", "severity"} | {
    "status",
    "step",
    "task",
    "why",
}


@pytest.fixture(scope="module")
def decided(plant: Plant) -> dict[str, Any]:
    """A booking request that was asked for in the HTTP request `REQUEST`, once it is booked."""
    town = Town(plant.api)
    town.put("/users/d1", name="Dr Ana Sousa", role="doctor", specialties=["cardiology"])
    town.put("/patients/p1", name="Maria Silva")
    town.post("/hospitals", **hospital("central"))
    town.available("d1", "09:00", "13:00", MONDAY)
    wish = plant.api.post("/booking-requests", json=town.wish("p1"), headers={"X-Request-ID": REQUEST}).json()
    plant.send("slotwise.sweep")

    def booked() -> dict[str, Any] | None:
        shown = plant.api.get(f"/booking-requests/{wish['id']}", headers={"Prefer": "wait=5"}).json()
        return shown if shown["status"] == "booked" else None

    return until(booked, seconds=60, what="the request to be booked")


def test_a_request_is_followed_from_its_post_to_its_commit(plant: Plant, decided):
    posted = [line for line in plant.lines("api") if line.get("request_id") == REQUEST]
    assert [(line["event"], line["route"], line["status"]) for line in posted] == [
        ("request", "/booking-requests", 202)
    ]
    [claimed] = [line for line in plant.lines("worker") if REQUEST in line.get("asked_in", ())]
    assert (claimed["event"], claimed["requests"]) == ("claimed", 1)

    def committed() -> list[dict[str, Any]]:
        return [
            line for line in plant.lines("worker") if line.get("run") == claimed["run"] and line["event"] == "committed"
        ]

    [line] = until(committed, what="the line of the commit")
    assert line["booked"] == 1


def test_every_line_has_one_form(plant: Plant, decided):
    for name in ("api", "worker"):
        assert all({"event", "level", "logger", "timestamp"} <= line.keys() for line in plant.lines(name))
    # uvicorn's and Celery's too
    assert {"uvicorn.error", "slotwise.api"} <= {line["logger"] for line in plant.lines("api")}
    assert any(line["logger"].startswith("celery") for line in plant.lines("worker"))


def test_one_process_tells_what_all_have_counted(plant: Plant, decided):
    seen = until(lambda: _with_run(plant), what="the run to be counted")
    assert (
        seen.value("slotwise_http_request_seconds_count", method="POST", route="/booking-requests", status="202") == 1
    )
    assert seen.value("slotwise_plan_requests_sum") == 1
    assert seen.value("slotwise_plan_bound_gap_bucket", le="0.0") == 1
    assert seen.value("slotwise_plans_total", status="optimal") == 1
    assert seen.value("slotwise_requests_decided_total", outcome="booked") == 1
    assert seen.value("slotwise_decision_seconds_count", priority="routine") == 1
    assert {step: seen.value("slotwise_plan_seconds_count", step=step) for step in STEPS} == dict.fromkeys(STEPS, 1)
    assert seen.value("slotwise_worker_processes", queue="celery") == 1
    assert seen.value("slotwise_last_sweep_timestamp_seconds") > 1.7e9
    assert seen.value("slotwise_http_held_total", route="/booking-requests/{request_id}") >= 1
    # What rarely happens is known before it does.
    assert {("expired", 0.0), ("failed", 0.0)} == {
        (each.labels["how"], each.value) for each in seen.samples if each.name == "slotwise_runs_lost_total"
    }


def _with_run(plant: Plant) -> Scrape | None:
    seen = plant.scrape()
    told = seen.value("slotwise_plan_requests_count"), seen.value("slotwise_task_seconds_count", **SWEPT)
    return seen if all(told) else None


def test_every_metric_that_alerts_and_the_dashboard_name_is_told(plant: Plant, decided):
    seen = until(lambda: _with_run(plant), what="the run to be counted")
    assert metrics() - seen.names == set()


def test_a_worker_tells_its_own_at_its_port(plant: Plant, decided):
    seen = Scrape(httpx.get(plant.worker_metrics).text)
    assert seen.value("slotwise_worker_processes", queue="celery") == 1
    assert "slotwise_database_up" not in seen.names  # the API's to tell


def test_nothing_is_labelled_with_an_id_or_a_name(plant: Plant, decided):
    for sample in plant.scrape().samples:
        assert sample.labels.keys() <= LABELS, sample
        assert not {decided["id"], "p1", "d1", "central"} & set(sample.labels.values()), sample


def test_spans_tell_where_the_time_went(plant: Plant, decided):
    [claimed] = [line for line in plant.lines("worker") if REQUEST in line.get("asked_in", ())]
    run = uuid.UUID(claimed["run"]).hex

    def of_the_run() -> dict[str, Any] | None:
        found = {span.name: span for _, span in plant.collector.spans() if span.trace_id.hex() == run}
        return found if "run" in found else None

    spans = until(of_the_run, what="the spans of the run")
    assert set(spans) == {"run", "claim", *STEPS}
    assert all(span.parent_span_id == spans["run"].span_id for name, span in spans.items() if name != "run")

    asked = [(service, span) for service, span in plant.collector.spans() if span.trace_id.hex() == REQUEST]
    [(service, span)] = asked
    assert (service, span.name) == ("slotwise-api", "POST /booking-requests")
    # The run names the HTTP requests that it decides, and links their spans.
    [link] = spans["claim"].links
    assert (link.trace_id, link.span_id) == (span.trace_id, span.span_id)


def test_a_callers_trace_is_gone_on_with(plant: Plant):
    theirs, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    answer = plant.api.get("/hospitals", headers={"traceparent": f"00-{theirs}-{parent}-01"})
    assert answer.headers["x-request-id"] == theirs
    [span] = until(lambda: _of_trace(plant, theirs), what="the span")
    assert span.parent_span_id.hex() == parent


def test_what_is_no_trace_of_a_caller_begins_one(plant: Plant):
    answer = plant.api.get("/hospitals", headers={"traceparent": "00-nobody-knows-01"})
    [span] = until(lambda: _of_trace(plant, answer.headers["x-request-id"]), what="the span")
    assert not span.parent_span_id


def _of_trace(plant: Plant, trace: str) -> list[Any]:
    return [span for _, span in plant.collector.spans() if span.trace_id.hex() == trace]


def test_no_counter_goes_backwards_and_no_ghost_stays_when_a_process_is_killed(plant: Plant, decided):
    [child] = psutil.Process(plant.worker.pid).children()
    before = plant.scrape()
    files = len(list((plant.folder / "metrics").iterdir()))
    for _ in range(3):  # Celery starts another in its place
        [child] = psutil.Process(plant.worker.pid).children()
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        until(lambda: plant.scrape().value("slotwise_worker_processes", queue="celery") == 1, what="another process")
    plant.send("slotwise.sweep")
    counted = before.value("slotwise_task_seconds_count", **SWEPT)
    until(lambda: plant.scrape().value("slotwise_task_seconds_count", **SWEPT) == counted + 1, what="a sweep")
    after = plant.scrape()
    for each in before.samples:
        if each.name.endswith(("_total", "_count", "_sum", "_bucket")):
            assert after.value(each.name, **each.labels) >= each.value, each
    assert len(list((plant.folder / "metrics").iterdir())) <= files + 6  # one more seat at most
