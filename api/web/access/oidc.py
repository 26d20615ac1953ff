"""Sign-in by OpenID Connect: to the provider, and back."""

import datetime as dt
from enum import StrEnum
from functools import cache

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from api.access.gate import SIGN_IN
from api.times import Now
from api.web.access.browsers import browser_of, lasts, page_of_ours, signed_in
from api.web.access.provider import Kind, Provider, ProviderFault
from api.web.rendering import query
from models.access.oidc import ATTEMPT_LASTS, Attempt, Unmatched, begin_attempt, sign_in, state_of, take_attempt
from models.access.secrets import new_secret, same
from models.session import transaction
from models.settings import settings

router = APIRouter()

COOKIE = "__Host-slotwise-oidc"
"""The cookie of a browser that was sent to the provider: only where it is comes an attempt to its end."""

_THERE = f"{SIGN_IN}/oidc"
_BACK = f"{_THERE}/back"

_log = structlog.get_logger("slotwise.api")


class Failed(StrEnum):
    """Why somebody is not signed in, as the sign-in page says it (`access-oidc-…`)."""

    AWAY = "away"
    DENIED = "denied"  # they, or the provider, would not
    LATE = "late"  # it took too long, or was begun in another window or by somebody else
    UNPROVED = "unproved"
    UNVERIFIED = "unverified"
    NOBODY = "nobody"


_OF_UNMATCHED = {
    Unmatched.NOT_VERIFIED: Failed.UNVERIFIED,
    Unmatched.NOBODY: Failed.NOBODY,
    Unmatched.INACTIVE: Failed.NOBODY,
}


@router.get(_THERE)
def go_there(request: Request, now: Now, next: str = "") -> Response:  # noqa: A002  # the address's word
    """Send a browser to the provider, with a cookie by which it is known when it comes back."""
    provider, secret = _provider(), new_secret()
    with transaction() as session:
        attempt = begin_attempt(session, secret, page_of_ours(next), now)
    try:
        address = provider.address(attempt, _back(request), now)
    except ProviderFault as fault:
        return _failed(_of_provider(fault), fault.reason, attempt)
    answer = RedirectResponse(address, status_code=303)
    longest = int(ATTEMPT_LASTS.total_seconds())
    answer.set_cookie(COOKIE, secret, max_age=longest, path="/", secure=True, httponly=True, samesite="lax")
    return answer


@router.get(_BACK)
def come_back(request: Request, now: Now, state: str = "", code: str = "", iss: str | None = None) -> Response:
    """Sign in whom the provider means, in the browser that was sent to it, and go on to the page that they wanted."""
    provider = _provider()
    attempt = _attempt_of(request, state, now)
    if attempt is None:
        return _failed(Failed.LATE, "no_attempt")
    if not code:
        return _failed(Failed.DENIED, "no_code", attempt)
    if iss not in (None, provider.issuer):
        return _failed(Failed.UNPROVED, "other_issuer", attempt)
    try:
        identity = provider.identity(code, attempt, _back(request), now)
    except ProviderFault as fault:
        return _failed(_of_provider(fault), fault.reason, attempt)
    came = sign_in(provider.issuer, identity.subject, identity.email, browser_of(request), now, lasts())
    if isinstance(came, Unmatched):
        return _failed(_OF_UNMATCHED[came], came.value, attempt)
    return _forgetting(signed_in(came, attempt.next))


def offered() -> str | None:
    """What people call the provider by which they may sign in; None: there is none."""
    return settings().oidc_name if settings().oidc_issuer else None


def why_failed(request: Request) -> Failed | None:
    """Why the browser was sent back to the sign-in page, if it was."""
    told = request.query_params.get("failed")
    return Failed(told) if told in set(Failed) else None


def _attempt_of(request: Request, state: str, now: dt.datetime) -> Attempt | None:
    """The attempt that this very browser began and now ends; None: there is none, or it was another browser."""
    browser = request.cookies.get(COOKIE)
    if not browser or not same(state_of(browser), state):
        return None
    with transaction() as session:
        return take_attempt(session, state, now)


def _provider() -> Provider:
    chosen = settings()
    if not chosen.oidc_issuer or not chosen.oidc_client_id:
        raise HTTPException(404)
    secret = chosen.oidc_client_secret
    return _known(chosen.oidc_issuer, chosen.oidc_client_id, secret.get_secret_value() if secret else None)


_known = cache(Provider)
"""One for the life of the process, since it keeps what the provider publishes."""


def _back(request: Request) -> str:
    """The whole address to come back to, under the name by which this server was asked."""
    return f"{request.base_url}{_BACK.removeprefix('/')}"


def _of_provider(fault: ProviderFault) -> Failed:
    return Failed.AWAY if fault.kind is Kind.AWAY else Failed.UNPROVED


def _failed(why: Failed, reason: str, attempt: Attempt | None = None) -> Response:
    """Back to the sign-in page, which says why: so neither code nor state stay in the browser's history."""
    _log.info("oidc_failed", kind=why.value, reason=reason)
    asked = query({"failed": why.value, "next": attempt.next if attempt else None})
    return _forgetting(RedirectResponse(SIGN_IN + asked, status_code=303))


def _forgetting(answer: RedirectResponse) -> RedirectResponse:
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer
