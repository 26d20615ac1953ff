"""What a browser tells and is given when somebody signs in: the cookie, and the page to go on to."""

import datetime as dt
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse

from api.access.gate import COOKIE, address_of
from models.access.callers import Caller
from models.access.sign_ins import Browser
from models.settings import settings

FIRST_PAGE = "/app/schedule"
_PAGES = "/app/"


def browser_of(request: Request) -> Browser:
    """Where a request comes from, and the sign-in that its browser has, if any."""
    caller: Caller | None = request.scope.get("caller")
    return Browser(
        address=address_of(request.scope),
        name=request.headers.get("user-agent"),
        request_id=request.scope.get("request_id"),
        sign_in=caller.sign_in if caller else None,
    )


def lasts() -> dt.timedelta:
    """How long somebody stays signed in at most."""
    return dt.timedelta(hours=settings().sign_in_hours)


def page_of_ours(address: str | None) -> str:
    """An address to go on to, if it is a page of ours, or else the first page: never another site's."""
    if not address or not address.isascii() or not address.isprintable() or not address.startswith(_PAGES):
        return FIRST_PAGE
    try:
        parts = urlsplit(address)
    except ValueError:
        return FIRST_PAGE
    return address if not parts.scheme and not parts.netloc and "\\" not in parts.path else FIRST_PAGE


def signed_in(secret: str, address: str) -> RedirectResponse:
    """On to a page, with the cookie of a sign-in. It ends with the browser, or with the sign-in, whichever is first."""
    answer = RedirectResponse(address, status_code=303)
    answer.set_cookie(COOKIE, secret, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def signed_out(address: str) -> RedirectResponse:
    """On to a page, without the cookie."""
    answer = RedirectResponse(address, status_code=303)
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer


_BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
"""By what browsers say they are, in the order in which it means something: most say that they are others, too."""


def named(user_agent: str | None) -> str:
    """What people call a browser: `Firefox, Windows`; empty where it says nothing that is known."""
    said = user_agent or ""
    found = (next((name for sign, name in known.items() if sign in said), None) for known in (_BROWSERS, _SYSTEMS))
    return ", ".join(name for name in found if name)
