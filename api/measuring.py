"""How many requests there are, how long they take, and how many are refused because there are too many.

Told by the templates of routes, never by paths: ids of patients stand in those.
"""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.seeing.measuring import Counter, Gauge, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

REQUESTS = Histogram(
    "slotwise_http_request_seconds",
    "How long requests took to be answered, but for those that were meant to be held open",
    ["method", "route", "status"],
    buckets=SECONDS,
)
HELD = Counter("slotwise_http_held_total", "Polls and streams that were held open", ["route"])
IN_FLIGHT = Gauge("slotwise_http_in_flight", "Requests that are being answered", multiprocess_mode="livesum")
REFUSED = Counter("slotwise_load_refused_total", "Requests refused because there were too many", ["code"])

REFUSALS = ("too_many_requests", "queue_full", "share_full", "overloaded")
"""The problems of those who come when there is too much."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_STREAM = "/app/live"
_HELD = b"preference-applied"
"""The header by which an answer says that it was held back."""

for _code in REFUSALS:
    REFUSED.labels(_code)


class Measured:
    """ASGI middleware; the outermost, so that what others refuse is counted too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count one request, whatever becomes of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status, held = 0, False

        async def noted(message: Message) -> None:
            nonlocal status, held
            if message["type"] == "http.response.start":
                status = message["status"]
                held = any(name.lower() == _HELD for name, _ in message.get("headers", ()))
            await send(message)

        IN_FLIGHT.inc()
        try:
            await self.app(scope, receive, noted)
        finally:
            IN_FLIGHT.dec()
            route = getattr(scope.get("route"), "path_format", "")
            if held or route == _STREAM:
                HELD.labels(route).inc()
            else:
                method = scope["method"] if scope["method"] in _METHODS else "other"
                REQUESTS.labels(method, route, str(status)).observe(time.perf_counter() - began)
            if scope.get("problem") in REFUSALS:
                REFUSED.labels(scope["problem"]).inc()
