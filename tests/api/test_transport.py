"""From another machine requests come encrypted, through proxies that are named or not at all, whole and in time."""

import socket
import time

import httpx
import pytest
from pydantic import ValidationError

from api.settings import ApiSettings
from api.transport import is_from_here
from tests.api.town import Town, refused
from tests.api.with_settings import served_with

ELSEWHERE = "203.0.113.9"  # RFC 5737


@pytest.mark.parametrize(
    ("client", "here"),
    [
        (("127.0.0.1", 5000), True),
        (("127.9.9.9", 5000), True),
        (("::1", 5000), True),
        (("::ffff:127.0.0.1", 5000), True),
        (("10.0.0.5", 5000), True),  # the server's own address
        (None, True),  # a Unix socket
        (("10.0.0.6", 5000), False),
        (("::ffff:10.0.0.6", 5000), False),
        (("fe80::1", 5000), False),
        (("unknown", 0), False),
        (("", 0), False),
    ],
)
def test_what_this_machine_is(client, here):
    assert is_from_here({"client": client, "server": ("10.0.0.5", 8000)}) is here


def test_another_machine_is_answered_where_a_proxy_that_is_believed_says_that_it_encrypts(api):
    with served_with(TRUSTED_PROXIES="127.0.0.1", ALLOWED_HOSTS="plan.hospital.example") as caller:
        forwarded = {"X-Forwarded-For": ELSEWHERE, "X-Forwarded-Proto": "https", "Host": "plan.hospital.example"}
        answer = caller.get("/hospitals", headers=forwarded)
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        for missing in ({"X-Forwarded-Proto": "http"}, {"X-Forwarded-Proto": "gopher"}):
            refused(caller.get("/hospitals", headers=forwarded | missing), 421, "insecure")
        del forwarded["X-Forwarded-Proto"]
        refused(caller.get("/hospitals", headers=forwarded), 421, "insecure")
        assert caller.get("/readyz", headers=forwarded).status_code == 200, "which tells nobody anything"


def test_whom_a_proxy_names_is_whom_it_spoke_with_not_whom_its_client_named(api):
    with served_with(TRUSTED_PROXIES="127.0.0.0/8") as caller:
        forged = {"X-Forwarded-For": f"127.0.0.1, {ELSEWHERE}", "X-Forwarded-Proto": "http"}
        refused(caller.get("/hospitals", headers=forged), 421, "insecure")


def test_where_no_proxy_is_named_nobody_is_believed(api):
    with served_with() as caller:
        forged = {"X-Forwarded-For": ELSEWHERE, "X-Forwarded-Proto": "https"}
        answer = caller.get("/hospitals", headers=forged)
        assert answer.status_code == 200, "it came from this machine, whatever it says"
        assert "strict-transport-security" not in answer.headers


def test_probes_may_call_the_server_what_they_like(api):
    assert api.get("/healthz", headers={"Host": "10.1.2.3:8000"}).status_code == 200
    refused(api.get("/docs", headers={"Host": "10.1.2.3:8000"}), 421, "misdirected")


def test_proxies_are_addresses_or_networks():
    assert ApiSettings(trusted_proxies=" 10.0.0.7, fd00::/64 ,").proxies == ["10.0.0.7", "fd00::/64"]
    with pytest.raises(ValidationError, match=r"proxy\.example is no address or network"):
        ApiSettings(trusted_proxies="10.0.0.7, proxy.example")


def test_an_address_without_end_is_refused(api):
    refused(api.get("/appointments", params={"patient": "9" * 8190}), 414, "address_too_long")
    refused(api.get(f"/patients/{'9' * 8192}"), 414, "address_too_long")
    assert api.get(f"/patients/{'9' * 8000}").status_code == 422, "no id is as long"


def test_a_body_that_does_not_come_is_not_waited_for(api):
    with served_with(BODY_SECONDS="0.3") as caller:
        with slow(caller, "PUT", "/patients/p9", length=20) as sender:
            sender.sendall(b'{"name": ')
            began = time.monotonic()
            answer = b"".join(iter(lambda: sender.recv(65536), b"")).decode()  # and nothing more is listened to
            assert time.monotonic() - began < 10
            assert answer.startswith("HTTP/1.1 408")
            assert "/problems/too_slow" in answer
        refused(caller.get("/patients/p9"), 404)


def test_a_body_that_drips_is_not_waited_for_either(api):
    with served_with(BODY_SECONDS="0.5") as caller, slow(caller, "PUT", "/patients/p9", length=1000) as sender:
        sender.settimeout(0.05)
        answer = b""
        for _ in range(200):
            try:
                sender.sendall(b" ")
                answer += sender.recv(65536)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            if answer:
                break
        assert answer.startswith(b"HTTP/1.1 408")


def test_an_answer_may_take_longer_than_its_question(town: Town):
    queued = town.post("/booking-requests", **town.wish("p1"))
    with served_with(BODY_SECONDS="0.2") as caller:
        began = time.monotonic()
        answer = caller.get(f"/booking-requests/{queued['id']}", headers={"Prefer": "wait=1"})
        assert (answer.status_code, time.monotonic() - began >= 0.9) == (200, True)


def slow(caller: httpx.Client, method: str, path: str, *, length: int) -> socket.socket:
    """A connection on which a request has begun whose body is still to come."""
    url = caller.base_url
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {url.netloc.decode()}",
        *(f"{name}: {caller.headers[name]}" for name in ("cookie", "x-form-secret")),
        "Content-Type: application/json",
        f"Content-Length: {length}",
    ]
    sender = socket.create_connection((url.host, url.port), timeout=20)
    sender.sendall("\r\n".join([*lines, "", ""]).encode())
    return sender
