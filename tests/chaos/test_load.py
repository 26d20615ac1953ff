"""The load is a good client that nothing puts off, and the same seed asks for the same."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.chaos import caller
from tests.chaos.caller import Caller, Tally
from tests.chaos.history import History, read
from tests.chaos.load import Load
from tests.chaos.world import Shift, World

Answer = tuple[int, dict[str, str], bytes] | None
"""Status, headers and body; None: the connection is cut."""

WORLD = World(
    doctors={"doctor-0": ["cardiology"], "doctor-1": ["cardiology"], "doctor-2": ["cardiology"]},
    patients=["shared-0"],
    shifts=[Shift(f"doctor-{each}", "lisbon", "2027-01-12") for each in range(3)],
)


@contextmanager
def server(answers: Callable[[str], Answer]) -> Iterator[tuple[str, list[str | None]]]:
    """A server that answers whatever comes as it is told to. Gives its address, and the keys that it is sent."""
    keys: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self):
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            keys.append(self.headers.get("Idempotency-Key"))
            answer = answers(self.command)
            if answer is None:
                self.close_connection = True
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}", keys
        serving.shutdown()
        thread.join()


def told(status: int, answer: object, **headers: str) -> Answer:
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(answer).encode()


IN_FLIGHT = told(409, {"type": "/problems/key_in_flight"}, Retry_After="0")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(caller, "LONGEST_PAUSE", 0.01)


@pytest.fixture
def history(tmp_path) -> Iterator[History]:
    with History(tmp_path / "history.jsonl") as history:
        yield history


@contextmanager
def running(path: Path, answers: Callable[[str], Answer], seed: int) -> Iterator[Load]:
    with (
        History(path) as history,
        server(answers) as (address, _),
        Load(address, "token", WORLD, seed, history, clients=2, pause=0.005) as load,
    ):
        yield load


def wait_for(load: Load, outcome: str, count: int) -> None:
    deadline = time.monotonic() + 30
    while load.tally.counts[outcome] < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_caller_sends_the_same_under_one_key_until_it_is_done(history, tmp_path):
    later, done = {"Retry_After": "0"}, told(202, {"id": "7"})
    answers = iter([told(503, {}, **later), None, told(429, {}, **later), IN_FLIGHT, done])
    with server(lambda _: next(answers)) as (address, keys), httpx.Client(base_url=address) as http:
        one = Caller(3, http, history, Tally(), Random(1), threading.Event())
        operation, answer = one.ask("queue", "POST", "/booking-requests", {"patient": "p"}, about={"patient": "p"})
    assert answer == {"id": "7"}
    assert len(keys) == 5
    assert len(set(keys)) == 1
    recorded = read(tmp_path / "history.jsonl").operations[operation.number]
    assert [each.status for each in recorded.tries] == [503, None, 429, 409, 202]
    assert recorded.key == keys[0]
    assert recorded.body == {"patient": "p"}
    assert recorded.is_done
    assert recorded.final.answer == {"id": "7"}


def test_a_refusal_is_final(history):
    answer = told(409, {"type": "/problems/hours_taken"})
    with server(lambda _: answer) as (address, keys), httpx.Client(base_url=address) as http:
        one = Caller(1, http, history, Tally(), Random(1), threading.Event())
        operation, _ = one.ask("book", "POST", "/appointments", {})
    assert len(keys) == 1
    assert not operation.may_be_done


def test_what_had_no_answer_may_be_done_and_is_sent_again_when_all_is_well(tmp_path):
    well = threading.Event()
    everything = told(200, {"id": "7", "status": "booked", "done": True, "items": [], "next_cursor": "8"})
    path = tmp_path / "history.jsonl"
    with running(path, lambda method: everything if well.is_set() or method != "POST" else None, seed=1) as load:
        wait_for(load, "unknown", 5)
        load.stop()
        well.set()
        assert load.settle(30) == []
    posts = [each for each in read(path).operations.values() if each.key]
    assert all(each.is_done for each in posts)
    assert any(each.tries[0].status is None for each in posts)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        told(500, "oh"),
        told(200, None),
        told(200, []),
        told(201, {"id": 7}),
        (200, {}, b"\xff<html>"),
        told(401, {"status": 401}),
    ],
)
def test_nothing_that_it_is_answered_ends_the_load(tmp_path, answer):
    path = tmp_path / "history.jsonl"
    with running(path, lambda _: answer, seed=5) as load:
        wait_for(load, "sent", 30)
    assert sum(len(each.tries) for each in read(path).operations.values()) >= 30


def test_the_same_seed_asks_for_the_same(tmp_path):
    def asked(seed: int, name: str) -> dict[int, list[tuple[object, ...]]]:
        path = tmp_path / name
        with running(path, lambda _: told(201, {"id": "7"}), seed=seed) as load:
            wait_for(load, "acknowledged", 50)
        by_client = defaultdict(list)
        for each in read(path).operations.values():
            by_client[each.client].append((each.kind, each.path, json.dumps(each.body), each.key))
        return by_client

    first, again, other = asked(7, "first"), asked(7, "again"), asked(8, "other")
    for client in (1, 2):
        assert len(first[client]) > 5
        count = min(len(first[client]), len(again[client]))
        assert first[client][:count] == again[client][:count]
        assert first[client][:5] != other[client][:5]


def test_a_history_that_was_cut_off_is_read_as_far_as_it_goes(history, tmp_path):
    operation = history.begin(1, "book", "POST", "/appointments", {"patient": "p"}, "key")
    each = history.sent(operation)
    path = tmp_path / "history.jsonl"
    path.write_text(path.read_text() + '{"op": 1, "try": 1, "answe')
    (recorded,) = read(path).operations.values()
    assert [(each.sent, each.status) for each in recorded.tries] == [(each.sent, None)]
    assert recorded.may_be_done
