"""The outermost layer: who may speak to this server, how much they may say, and what every answer carries.

Until access is controlled, only this machine is answered to. A browser here must not become another site's way in, so
host names other than this machine's are refused (DNS rebinding), and so are changes that another site's page sends.
"""

import re
import time
import traceback
import uuid
from urllib.parse import urlsplit

import structlog
from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_ALWAYS = {
    "Cache-Control": "no-store",  # answers tell who is seen when
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",  # without any, browsers send plain forms as if from another site
    "X-Content-Type-Options": "nosniff",
}

_log = structlog.get_logger("slotwise.api")


class Safety:
    """ASGI middleware; the last thing between a request and the network."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], max_body_bytes: int, shown: problems.Shown) -> None:
        self.app = app
        self.hosts = hosts
        self.max_body_bytes = max_body_bytes
        self.shown = shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, whatever happens inside."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope["request_id"] = request_id = _request_id(headers)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                carried = MutableHeaders(scope=message)
                carried["X-Request-ID"] = request_id
                for name, value in _ALWAYS.items():
                    carried.setdefault(name, value)
            await send(message)

        try:
            told = self._halted(scope, headers)
            if told:
                await told.response(Request(scope), self.shown)(scope, receive, send_with_headers)
            else:
                await self.app(scope, self._limited(receive), send_with_headers)
        except Exception as error:  # noqa: BLE001  # the last resort: nothing above this answers
            _log.error("request_failed", error=type(error).__name__, **_where(error))
            if not status:
                detail = "The fault is ours and has been logged. Read again what you were changing before you retry."
                told = problems.protocol("internal", detail)
                await told.response(Request(scope), self.shown)(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "")  # never the path itself: ids of patients stand in it
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            _log.info("request", method=scope["method"], route=route, status=status, milliseconds=milliseconds)

    def _halted(self, scope: Scope, headers: Headers) -> problems.Told | None:
        host = headers.get("host", "")
        if "*" not in self.hosts and _without_port(host) not in self.hosts:
            return problems.protocol(
                "misdirected", "This server does not answer to that host name; use http://localhost or 127.0.0.1."
            )
        if scope["method"] not in _SAFE_METHODS and _from_another_site(headers, host):
            return problems.protocol("cross_site", "A page of another site may not change anything here.")
        length = headers.get("content-length", "")
        if length.isascii() and length.isdecimal() and int(length[:20]) > self.max_body_bytes:
            return problems.protocol("body_too_large", self._too_large)
        return None

    @property
    def _too_large(self) -> str:
        return f"The body is longer than {self.max_body_bytes} bytes; send less at once."

    def _limited(self, receive: Receive) -> Receive:
        """`receive` that stops a body without a stated length once it is too long."""
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_body_bytes:
                raise HTTPException(problems.PROTOCOL_STATUS["body_too_large"], self._too_large)
            return message

        return receive_limited


def _request_id(headers: Headers) -> str:
    """The caller's own id where it is harmless to log, or a new one."""
    sent = headers.get("x-request-id", "")
    return sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex


def _without_port(host: str) -> str:
    return re.sub(r":\d*$", "", host).lower()


def _from_another_site(headers: Headers, host: str) -> bool:
    """Whether a browser says that another site's page sent this; programs say nothing and are let through."""
    if headers.get("sec-fetch-site") == "cross-site":
        return True
    origin = headers.get("origin")
    try:
        return origin is not None and urlsplit(origin).netloc.lower() != host.lower()
    except ValueError:  # no address at all
        return True


def _where(error: Exception) -> dict[str, object]:
    """Where an error arose. Its message may repeat what was sent, so of a database error only the code is told."""
    frames = traceback.extract_tb(error.__traceback__)
    code = getattr(getattr(error, "orig", None), "sqlstate", None) if isinstance(error, SQLAlchemyError) else None
    return {"sqlstate": code, "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]}
