"""The gate: whoever calls says who they are, or is refused before anything of theirs is read.

Programs show an access token (`Authorization: Bearer slw_…`), people the cookie of their sign-in. Whether they may do
what they ask is decided where the route is known (`permitted`), by the one table (`api.access.policy`), and from there
on everything that is read and written for them is within their reach.
"""

import datetime as dt
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.access import policy
from api.access.watchers import Watchers
from models.access import acting, reach
from models.access.callers import TOKEN_PREFIX, Caller, signed_in, with_token
from models.access.secrets import form_secret, same
from models.audit import readings
from models.session import transaction
from models.settings import settings

COOKIE = "__Host-slotwise"
"""The cookie of a sign-in. Browsers take this name only if it is secure, of this host alone and of every path."""

FORM_FIELD = "form_secret"
FORM_HEADER = "X-Form-Secret"
"""Where a form of ours carries what no other site's page knows."""

SIGN_IN = "/app/sign-in"
SIGN_OUT = "/app/sign-out"
PASSWORD = "/app/password"  # noqa: S105  # where one is chosen
METRICS = "/metrics"
BACKGROUND = "X-Background"
"""A header of what a page asks by itself: it keeps nobody signed in who has left."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="slotwise"'}


class Gate:
    """ASGI middleware: lets in who has shown who they are, and everybody to what is everyone's."""

    def __init__(self, app: ASGIApp, *, shown: problems.Shown) -> None:
        self.app = app
        self.shown = shown
        self.watchers = Watchers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        acting.act(None, acting.NOTHING)
        for_everyone = _is_everyones(scope["method"], scope["path"])
        refusal = await (self._greeted(scope) if for_everyone else self._refusal(scope))
        await (refusal or self.app)(scope, receive, send)

    async def _greeted(self, scope: Scope) -> None:
        """Let anybody in; who is signed in is known all the same, so that the page can say so."""
        secret = None if _is_no_page(scope["path"]) else _from_cookie(Headers(scope=scope))
        if secret:
            with suppress(SQLAlchemyError):  # without the database everybody is a stranger
                scope["caller"] = await run_in_threadpool(_recognise, secret, from_cookie=True, active=False)
                scope["form_secret"] = form_secret(secret)

    async def _refusal(self, scope: Scope) -> Response | None:
        """None for who is let in; they are in `scope["caller"]` from then on."""
        headers = Headers(scope=scope)
        secret = _bearer(headers)
        from_cookie = secret is None
        if secret is None:
            secret = _from_cookie(headers)
        if not secret:
            return self._unknown(scope, headers)
        active = BACKGROUND not in headers
        recognise = partial(_recognise, secret, from_cookie=from_cookie, active=active)
        try:
            if scope["path"] == METRICS:
                caller = await self.watchers.recognised(secret, recognise)
            else:
                caller = await run_in_threadpool(recognise)
        except SQLAlchemyError as error:
            told = problems.of_database(error)
            if told is None:
                raise
            return told.response(Request(scope), self.shown)
        if caller is None:
            return self._unknown(scope, headers)
        scope["caller"] = caller
        scope["form_secret"] = form_secret(secret) if from_cookie else None
        return self._password_first(scope, headers) if caller.must_set_password else None

    def _password_first(self, scope: Scope, headers: Headers) -> Response | None:
        """Who came by a code that sets a password sets it, or signs out."""
        path = scope["path"]
        if path in (PASSWORD, SIGN_OUT):
            return None
        if _is_navigation(scope, headers):
            return RedirectResponse(_with_next(PASSWORD, _asked(scope)), status_code=303)
        sentence = "Choose a password first, on the page " + PASSWORD
        told = problems.protocol("forbidden", f"{sentence}.", {"HX-Redirect": PASSWORD} if _is_page(path) else {})
        return told.response(Request(scope), self.shown)

    def _unknown(self, scope: Scope, headers: Headers) -> Response:
        """To programs 401; people are sent to where they sign in, and come back."""
        if _is_navigation(scope, headers):
            return RedirectResponse(_with_next(SIGN_IN, _asked(scope)), status_code=303)
        if scope["path"] == SIGN_OUT:
            return RedirectResponse(SIGN_IN, status_code=303)
        more = {}
        if _is_page(scope["path"]):
            more["HX-Redirect"] = _with_next(SIGN_IN, _asked_by_htmx(headers))
        told = problems.protocol("unauthenticated", "You are not signed in, or not any more.", _CHALLENGE | more)
        return told.response(Request(scope), self.shown)


async def permitted(request: Request) -> None:
    """Refuse what the caller may not do; from here on they see what they reach.

    Raises
    ------
    problems.Halt
        `forbidden`, or `form_expired` for a change that no form of ours has sent.

    """
    path = request.scope["route"].path.replace(":path}", "}")  # as the OpenAPI document writes it
    row = policy.by_route().get(f"{request.method} {path}")
    if row is not None and row.everyone:
        return
    caller = caller_of(request)
    within = row.reach(caller) if row else None
    if row is None or within is None:
        action = row.action if row else "use this address"
        raise problems.Halt("forbidden", f"You may not {action}. An admin can say who may.")
    await _check_form(request)
    acting.act(caller.actor(request.scope.get("request_id"), address_of(request.scope)), within)
    readings.watch(f"{request.method} {path}")


async def known_again(request: Request) -> Caller | None:
    """Who calls, by what counts now, of a request that lasts; None: they are signed out, or their token is no more.

    It keeps nobody signed in. While the database is away, whoever was let in is.
    """
    headers = request.headers
    secret = _bearer(headers)
    try:
        return await run_in_threadpool(
            _recognise, secret or _from_cookie(headers) or "", from_cookie=secret is None, active=False
        )
    except SQLAlchemyError:
        return caller_of(request)


def caller_of(request: Request) -> Caller:
    """Who calls."""
    caller: Caller = request.scope["caller"]
    return caller


def address_of(scope: Scope) -> str | None:
    """Where a request came from."""
    client = scope.get("client")
    return str(client[0]) if client else None


async def _check_form(request: Request) -> None:
    """Another site's page can have a browser send a form with its cookie, but does not know what our forms carry."""
    known = request.scope["form_secret"]
    if known is None or request.method in _SAFE_METHODS:
        return
    sent: Any = request.headers.get(FORM_HEADER)
    if sent is None and request.headers.get("content-type", "").startswith(_FORMS):
        sent = (await request.form()).get(FORM_FIELD)
    if not isinstance(sent, str) or not same(sent, known):
        raise problems.Halt(
            "form_expired", "This form is not of your present sign-in; nothing was changed. Load the page again."
        )


def _recognise(secret: str, *, from_cookie: bool, active: bool) -> Caller | None:
    now = dt.datetime.now(dt.UTC)
    with transaction() as session, reach.whole(session):
        if from_cookie:
            return signed_in(session, secret, now, settings().sign_in_idle, active=active)
        return with_token(session, secret, now)


def _from_cookie(headers: Headers) -> str | None:
    return cookie_parser(headers.get("cookie", "")).get(COOKIE)


def _bearer(headers: Headers) -> str | None:
    """The access token that a request shows; None: it shows none. What is no token of ours is one that nobody has."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if not scheme:
        return None
    secret = secret.strip()
    return secret if scheme.lower() == "bearer" and secret.startswith(TOKEN_PREFIX) else TOKEN_PREFIX


def _is_page(path: str) -> bool:
    return path in {"/", "/app"} or path.startswith("/app/")  # `/appointments` is no page


def _is_no_page(path: str) -> bool:
    """Of what is everyone's: whether nobody reads it, so that it need not know who asks."""
    return path.startswith(("/app/static/", "/calendars/", "/healthz", "/readyz", "/openapi.json"))


def _is_navigation(scope: Scope, headers: Headers) -> bool:
    """Whether somebody goes to a page, rather than a page reading a part of itself or sending a change."""
    by_script = "hx-request" in headers or BACKGROUND in headers or "text/event-stream" in headers.get("accept", "")
    return _is_page(scope["path"]) and scope["method"] in _SAFE_METHODS and not by_script


def _asked(scope: Scope) -> str:
    """The path and the query that were asked for, as they are written in an address."""
    query = scope["query_string"].decode("ascii", "replace")
    return quote(scope["path"]) + (f"?{query}" if query else "")


def _asked_by_htmx(headers: Headers) -> str:
    """The page on which a part is asked for; empty where it is not told."""
    try:
        parts = urlsplit(headers.get("hx-current-url", ""))
    except ValueError:
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _with_next(page: str, asked: str) -> str:
    return f"{page}?next={quote(asked, safe='')}" if asked else page


def _is_everyones(method: str, path: str) -> bool:
    if path.startswith("/app/static/") or path == "/openapi.json":
        return True
    return any(each == method and fits(path) for each, fits in _everyones())


@cache
def _everyones() -> tuple[tuple[str, Callable[[str], re.Match[str] | None]], ...]:
    """The methods and paths that need no sign-in."""
    routes = (route.split(" ", 1) for row in policy.POLICY if row.everyone for route in row.routes)
    return tuple((method, compile_path(path)[0].fullmatch) for method, path in routes)
