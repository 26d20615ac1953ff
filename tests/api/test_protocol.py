"""The head of a request is bounded, in time and in length; whoever is being answered is not."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse

import pytest

from api.protocol import BoundedHttp
from api.web import live
from models.session import transaction
from tests.api.with_settings import served_with
from tests.signed_in import HEADERS

PATIENCE = 30.0  # seconds, on a machine that has much else to do


@contextmanager
def connected() -> Iterator[socket.socket]:
    """A connection to a server of its own, to write on by hand."""
    with served_with() as caller:
        address = caller.base_url.host, caller.base_url.port
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            yield connection


@pytest.fixture
def in_half_a_second(monkeypatch) -> None:
    monkeypatch.setattr(BoundedHttp, "seconds", 0.5)


def until_it_ends(connection: socket.socket, drip: bytes = b"") -> bytes:
    """What is received until the other side closes, while we send a drop every tenth of a second."""
    received = b""
    connection.settimeout(0.1)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            connection.sendall(drip)
            part = connection.recv(65536)
        except TimeoutError:
            continue
        except ConnectionError:  # it closed while our next drop was on its way
            return received
        if not part:
            return received
        received += part
    raise AssertionError(f"still open after {PATIENCE} seconds")


def answer_to(connection: socket.socket, *, whole: bool = True) -> int:
    """The status of one answer; it is read to its end unless it may have none."""
    answer = HTTPResponse(connection)
    answer.begin()
    if whole:
        answer.read()
    return answer.status


def head(path: str, *more: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in HEADERS.items()), *more]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_head_that_drips_is_not_waited_for(api, in_half_a_second):
    with connected() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Drip: ")
        assert until_it_ends(connection, b"a") == b""


def test_a_connection_on_which_nothing_is_sent_is_closed(api, in_half_a_second):
    with connected() as connection:
        assert until_it_ends(connection) == b""


def test_empty_lines_after_an_answer_keep_no_connection(api, in_half_a_second):
    with connected() as connection:
        connection.sendall(head("/healthz"))
        assert answer_to(connection) == 200
        assert until_it_ends(connection, b"\r\n") == b""


def test_the_next_head_on_a_connection_has_its_own_time(api, monkeypatch):
    monkeypatch.setattr(BoundedHttp, "seconds", 2.0)
    with connected() as connection:
        for _ in range(3):
            first, rest = head("/healthz")[:20], head("/healthz")[20:]
            connection.sendall(first)
            time.sleep(1)
            connection.sendall(rest)
            assert answer_to(connection) == 200


@pytest.mark.parametrize("at_once", [True, False])
def test_a_head_that_is_too_long_is_refused(api, at_once):
    with connected() as connection:
        long = head("/healthz", f"X-Long: {'a' * BoundedHttp.longest}")
        if at_once:
            connection.sendall(long)
        else:
            connection.sendall(long[: BoundedHttp.longest + 1])  # and its end never comes
        received = until_it_ends(connection)
        assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"connection: close" in received


def test_many_short_headers_are_too_long_as_well_and_some_are_not(api):
    with connected() as connection:
        connection.sendall(head("/healthz", *(f"X-{number}: {number}" for number in range(500))))
        assert answer_to(connection) == 200
        connection.sendall(head("/healthz", *(f"X-{number}: {number}" for number in range(3000))))
        assert until_it_ends(connection).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_a_body_may_take_longer_than_a_head(api, in_half_a_second):
    with connected() as connection:
        body = b'{"name": "Ada Example", "email": "ada@example.com"}'
        put = head("/patients/slow", "Content-Type: application/json", f"Content-Length: {len(body)}")
        connection.sendall(put.replace(b"GET", b"PUT"))
        for start in range(0, len(body), 5):
            time.sleep(0.1)
            connection.sendall(body[start : start + 5])
        assert answer_to(connection) == 201


def test_an_answer_may_take_longer_than_a_head(api, in_half_a_second):
    with transaction() as session:
        since = live.since(session)
    with connected() as connection:
        connection.sendall(head(f"/app/live?since={since}"))
        assert answer_to(connection, whole=False) == 200
        time.sleep(1)
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):  # it is open still
            connection.recv(65536)


def test_the_rest_of_a_body_that_was_answered_before_does_not_keep_a_connection(api, in_half_a_second):
    with connected() as connection:
        put = head("/patients/late", "Content-Type: application/json", "Content-Length: 100000000")
        connection.sendall(put.replace(b"GET", b"PUT") + b"[")
        assert answer_to(connection) == 413
        until_it_ends(connection, b" ")
