"""The API as commands use it: waited for while it is away, and its refusals told with their places."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from cli.client import Api, ApiRefused
from cli.output import Exit, Stop

Answer = tuple[int, dict[str, str], Any]


class Scripted:
    """A server that gives the next answer of its script, whatever it is asked."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.asked: list[tuple[str, str, str | None]] = []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                scripted.asked.append((self.command, self.path, self.headers.get("Idempotency-Key")))
                status, headers, body = scripted.script.pop(0)
                content = json.dumps(body).encode()
                self.send_response(status)
                for name, value in ({"Content-Type": "application/json"} | headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer  # noqa: N815  # the names that http.server calls

            def log_message(self, *_args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    thread = threading.Thread(target=scripted.server.serve_forever)
    thread.start()
    yield scripted
    scripted.server.shutdown()
    thread.join()
    scripted.server.server_close()


PROBLEM = {"Content-Type": "application/problem+json"}


def test_what_asks_to_come_again_is_sent_again_with_the_same_key(server: Scripted) -> None:
    server.script = [
        (503, PROBLEM | {"Retry-After": "0"}, {"type": "/problems/unavailable"}),
        (409, PROBLEM | {"Retry-After": "0"}, {"type": "/problems/key_in_flight"}),
        (202, {}, {"id": "b1"}),
    ]
    with Api(server.address) as api:
        assert api.post("/booking-batches", {}, "k") == {"id": "b1"}
    assert server.asked == [("POST", "/booking-batches", "k")] * 3


def test_a_refusal_tells_every_fault_with_its_place(server: Scripted) -> None:
    errors = [{"pointer": "#/requests/3/doctors/1", "message": "There is no doctor 'D-9'.", "value": "D-9"}]
    server.script = [(422, PROBLEM, {"type": "/problems/unknown_doctor", "detail": "1 fault", "errors": errors})]
    with Api(server.address) as api, pytest.raises(ApiRefused) as raised:
        api.post("/booking-batches", {}, "k")
    (fault,) = raised.value.faults(lambda path: f"here: {path}")
    assert (fault.where, fault.value) == ("here: requests/3/doctors/1", "D-9")


def test_a_fault_of_the_api_is_no_refusal(server: Scripted) -> None:
    server.script = [(500, PROBLEM, {"detail": "The fault is ours."})]
    with Api(server.address) as api, pytest.raises(Stop, match="The fault is ours") as raised:
        api.get("/booking-batches")
    assert raised.value.code is Exit.UNREACHABLE


def test_a_list_is_read_to_its_last_page(server: Scripted) -> None:
    server.script = [
        (200, {}, {"items": [1, 2], "next_cursor": "c1"}),
        (200, {}, {"items": [3], "next_cursor": None}),
    ]
    with Api(server.address) as api:
        assert list(api.items("/things")) == [1, 2, 3]
    assert server.asked[1][1] == "/things?limit=1000&cursor=c1"


def test_an_api_that_never_answered_is_given_up_at_once() -> None:
    with Api("http://127.0.0.1:1") as api, pytest.raises(Stop, match="does not answer") as raised:
        api.get("/booking-batches")
    assert raised.value.code is Exit.UNREACHABLE
