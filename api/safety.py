"""The outermost layer: who may speak to this server, how much they may say, and what every answer carries.

A browser must not become another site's way in, so host names that nobody configured are refused (DNS rebinding), and
so are changes that another site's page sends. What comes from another machine comes encrypted, or is refused.
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
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.settings import ApiSettings
from api.transport import Body, is_encrypted, is_from_here
from models.seeing.traces import trace_of

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_LONGEST_ADDRESS = 8192
"""Bytes of a path and its query; what is longer belongs into a body."""

_PROBES = frozenset({"/healthz", "/readyz"})
"""What tells nobody anything, and is asked by machines that know neither certificates nor our name."""

_CONTENT = "; ".join(
    [
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "font", "connect", "manifest")),
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)

_ALWAYS = {
    "Cache-Control": "no-store",  # answers tell who is seen when
    "Content-Security-Policy": _CONTENT,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",  # without any, browsers send plain forms as if from another site
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_WHERE_ENCRYPTED = {"Strict-Transport-Security": "max-age=31536000"}

_log = structlog.get_logger("slotwise.api")


class Safety:
    """ASGI middleware; the last thing between a request and the network."""

    def __init__(self, app: ASGIApp, *, chosen: ApiSettings, shown: problems.Shown) -> None:
        self.app = app
        self.chosen = chosen
        self.shown = shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, whatever happens inside."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        body = Body(receive, longest=self.chosen.max_body_bytes, seconds=self.chosen.body_seconds)
        always = _ALWAYS | (_WHERE_ENCRYPTED if is_encrypted(scope) else {})
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
                for name, value in always.items():
                    carried.setdefault(name, value)
            await send(message)

        try:
            told = self._halted(scope, headers, body)
            if told:
                await told.response(Request(scope), self.shown)(scope, receive, send_with_headers)
            else:
                await self.app(scope, body.receive, send_with_headers)
        except Exception as error:  # noqa: BLE001  # the last resort: nothing above this answers
            _log.error("request_failed", error=type(error).__name__, **_where(error))
            if not status:
                detail = "The fault is ours and has been logged. Read again what you were changing before you retry."
                told = problems.protocol("internal", detail)
                # Not as a page: whatever is broken may be what pages are made of.
                await told.response(Request(scope))(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path_format", "")  # never the path itself: ids of patients stand in it
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            if scope.get("problem") != "overloaded":  # of which there are too many for a line each
                _log.info("request", method=scope["method"], route=route, status=status, milliseconds=milliseconds)

    def _halted(self, scope: Scope, headers: Headers, body: Body) -> problems.Told | None:
        if scope["path"] in _PROBES:
            return None
        return self._of_address(scope, headers) or self._of_change(scope, headers, body)

    def _of_address(self, scope: Scope, headers: Headers) -> problems.Told | None:
        if len(scope["raw_path"]) + len(scope["query_string"]) > _LONGEST_ADDRESS:
            return problems.protocol(
                "address_too_long", f"The address is longer than {_LONGEST_ADDRESS} bytes; ask for less at once."
            )
        if not (is_encrypted(scope) or is_from_here(scope)):
            return problems.protocol(
                "insecure", "This server takes only encrypted requests from other machines; ask at its https address."
            )
        if "*" not in self.chosen.hosts and _without_port(headers.get("host", "")) not in self.chosen.hosts:
            return problems.protocol(
                "misdirected", "This server does not answer to that host name; ALLOWED_HOSTS lists those it answers to."
            )
        return None

    def _of_change(self, scope: Scope, headers: Headers, body: Body) -> problems.Told | None:
        if scope["method"] not in _SAFE_METHODS and _from_another_site(headers, headers.get("host", "")):
            return problems.protocol("cross_site", "A page of another site may not change anything here.")
        length = headers.get("content-length", "")
        if length.isascii() and length.isdecimal() and int(length[:20]) > self.chosen.max_body_bytes:
            return problems.protocol("body_too_large", body.too_long)
        return None


def _request_id(headers: Headers) -> str:
    """The caller's own id where it is harmless to log, or their trace's, or a new one, which our trace has too."""
    sent = headers.get("x-request-id", "")
    if _REQUEST_ID.fullmatch(sent):
        return sent
    return trace_of(headers.get("traceparent", "")) or uuid.uuid4().hex


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
