"""Those who are told: a web server that takes posts, and a mail server, both real and on this machine."""

import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from icalendar import Calendar, Event


@dataclass(frozen=True)
class Posted:
    """A post as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver(ThreadingHTTPServer):
    """Takes posts. `answers` are the statuses and headers of the next ones; 204 once there are none."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[Posted] = []
        self.answers: deque[tuple[int, dict[str, str]]] = deque()
        self.before_answering: Callable[[], Any] = lambda: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    @property
    def ids(self) -> list[str]:
        """The ids of what was received, by which a receiver knows a repetition."""
        return [each.headers["webhook-id"] for each in self.received]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Posted(self.path, headers, body))
        self.server.before_answering()
        status, more = self.server.answers.popleft() if self.server.answers else (204, {})
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing: what tests print should be theirs."""


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A web server, until the end of the block."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Mail:
    """A mail as it came in: to whom, from whom, and what it says."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    encrypted: bool
    user: str | None

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")

    @property
    def calendars(self) -> list[tuple[str, bytes]]:
        """The method that each calendar's part declares, and its bytes: beside the text, and the attached file."""
        parts = [part for part in self.message.walk() if part.get_content_type() == "text/calendar"]
        return [(str(part.get_param("method")), part.get_payload(decode=True)) for part in parts]

    @property
    def calendar(self) -> Calendar:
        return Calendar.from_ical(self.calendars[0][1])

    @property
    def event(self) -> Event:
        (event,) = self.calendar.events
        return event


class Mailbox:
    """A mail server. `refusals` are its next answers to a recipient or, where they begin with DATA, to a mail."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.refusals: deque[str] = deque()
        self.connections = 0
        self.before_answering: Callable[[], Any] = lambda: None

    async def handle_EHLO(  # noqa: N802  # as aiosmtpd calls it
        self, _server: Any, session: Any, _envelope: Any, hostname: str, said: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return said

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if self.refusals and not self.refusals[0].startswith("DATA "):
            return self.refusals.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.popleft().removeprefix("DATA ")
        message = message_from_bytes(envelope.original_content, policy=SMTP)
        user = session.auth_data.login.decode() if session.auth_data else None
        encrypted = session.ssl is not None
        self.mails.append(Mail(envelope.mail_from, list(envelope.rcpt_tos), message, encrypted, user))
        self.before_answering()
        return "250 OK"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mail_server(
    mailbox: Mailbox,
    port: int,
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    password: bytes | None = None,
    smtputf8: bool = True,
    **more: Any,
) -> Iterator[None]:
    """Serve a mailbox, until the end of the block; who has a password signs in with it. `more` is aiosmtpd's own."""

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=data.password == password, handled=False, auth_data=data)

    secured = more | ({"tls_context": starttls} if starttls else {})
    if password is not None:
        secured |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": starttls is not None}
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=port, ssl_context=tls, enable_SMTPUTF8=smtputf8, **secured
    )
    controller.start()
    try:
        yield
    finally:
        controller.stop()
