"""A span for every HTTP request, named by its route; the trace bears the request's id (`models.seeing.traces`)."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.seeing import traces


class Traced:
    """ASGI middleware, inside of what says which id a request has."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Trace one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method, request = scope["method"], scope["request_id"]
        known = {"http.request.method": method, "slotwise.request_id": request}
        with traces.trace(method, request, known, server=True, parent=Headers(scope=scope).get("traceparent")) as span:
            try:
                await self.app(scope, receive, noted)
            finally:
                # Never the path itself: ids of patients stand in it.
                route = getattr(scope.get("route"), "path_format", "")
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
