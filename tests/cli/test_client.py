"""The API as commands use it: waited for while it is away, and its refusals told with their places."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from cli.batches import queue
from cli.client import Api, ApiRefused
from cli.output import Exit, Stop

Answer = tuple[int, dict[str, str], Any]


class Scripted:
    """A server that gives the next answer of its script, whatever it is asked."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.asked: list[tuple[str, str, str | None]] = []
        self.shown: list[str | None] = []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                scripted.asked.append((self.command, self.path, self.headers.get("Idempotency-Key")))
                scripted.shown.append(self.headers.get("Authorization"))
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


def test_a_batch_waits_for_room_in_the_queue_and_says_so(server: Scripted, capsys: pytest.CaptureFixture[str]) -> None:
    detail = "100 booking requests are undecided already."
    server.script = [
        (503, PROBLEM | {"Retry-After": "1"}, {"type": "/problems/queue_full", "detail": detail}),
        (429, PROBLEM | {"Retry-After": "0"}, {"type": "/problems/share_full", "detail": detail}),
        (202, {}, {"id": "b1"}),
    ]
    with Api(server.address) as api:
        assert queue(api, [{"patient": "p1"}], label="week", again=False) == {"id": "b1"}
    assert capsys.readouterr().err.count(detail) == 2
    assert len(server.asked) == 3
    assert len(set(server.asked)) == 1  # with one key


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


def test_its_token_is_shown_with_all_that_it_is_asked(server: Scripted) -> None:
    server.script = [(200, {}, {}), (202, {}, {})]
    with Api(server.address, "slw_secret") as api:
        api.get("/hospitals")
        api.post("/booking-batches", {}, "k")
    assert server.shown == ["Bearer slw_secret"] * 2


@pytest.mark.parametrize(
    ("token", "told"), [(None, "wants an access token"), ("slw_secret", "was revoked, or has expired")]
)
def test_who_is_not_let_in_is_told_how_to_be(server: Scripted, token: str | None, told: str) -> None:
    server.script = [(401, PROBLEM, {"type": "/problems/unauthenticated", "detail": "No."})]
    with Api(server.address, token) as api, pytest.raises(Stop, match=told) as raised:
        api.get("/hospitals")
    assert raised.value.code is Exit.UNREACHABLE
    assert "slotwise token add" in str(raised.value)
    assert "SLOTWISE_TOKEN" in str(raised.value)
    assert "slw_secret" not in str(raised.value)


def test_a_token_that_may_not_is_told_so_and_what_would(server: Scripted) -> None:
    server.script = [(403, PROBLEM, {"type": "/problems/forbidden", "detail": "You may not reschedule."})]
    with Api(server.address, "slw_secret") as api, pytest.raises(ApiRefused, match="other scopes") as raised:
        api.post("/reschedules", {}, "k")
    assert raised.value.detail.startswith("You may not reschedule. ")


@pytest.mark.parametrize(
    "address", ["http://slotwise.example.org", "http://192.0.2.7:8000", "http://localhost.example.org"]
)
def test_a_token_goes_to_no_other_machine_unencrypted(address: str) -> None:
    with pytest.raises(Stop, match="not encrypted") as raised:
        Api(address, "slw_secret")
    assert "slw_secret" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    ["https://slotwise.example.org", "http://localhost:8000", "http://127.0.0.2:8000", "http://[::1]:8000"],
)
def test_a_token_goes_to_this_machine_and_where_it_is_encrypted(address: str) -> None:
    with Api(address, "slw_secret") as api:
        assert api.address == address
