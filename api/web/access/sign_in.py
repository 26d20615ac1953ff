"""The page on which people sign in, and the way out."""

import datetime as dt
import math
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.access.gate import SIGN_IN, caller_of
from api.problems import PROTOCOL_STATUS, STATUS
from api.times import Now
from api.web.access.browsers import browser_of, lasts, page_of_ours, signed_in, signed_out
from api.web.access.oidc import offered, why_failed
from api.web.forms import Faults, SentForm, first
from api.web.rendering import page
from api.web.words import t
from models.access import accounts, sign_ins
from models.faults import Refusal
from models.session import transaction

router = APIRouter()


@router.get(SIGN_IN)
def show_sign_in(request: Request, next: str = "") -> HTMLResponse:  # noqa: A002  # the address's word
    """Ask for a name and a password or a one-time code."""
    return ask(request, next_page=next)


@router.post(SIGN_IN)
def sign_in(request: Request, sent: SentForm, now: Now) -> Response:
    """Sign in whoever has said who they are, and go on to the page that they wanted."""
    name, typed = first(sent, "name"), first(sent, "password")
    next_page = first(sent, "next") or ""
    if name is None or typed is None:
        missing = {field: [t("access-missing")] for field, value in (("name", name), ("password", typed)) if not value}
        return ask(request, STATUS[Refusal.INVALID], name=name or "", next_page=next_page, faults=missing)
    came = accounts.sign_in(name, typed, browser_of(request), now, lasts())
    if isinstance(came, str):
        return signed_in(came, page_of_ours(next_page))
    if isinstance(came, accounts.Wait):
        return wait(request, came.until - now, name=name, next_page=next_page)
    return ask(request, STATUS[Refusal.INVALID], name=name, next_page=next_page, faults={"": [t("access-wrong")]})


@router.get("/app/signed-in", status_code=204)
def say_signed_in() -> None:
    """Tell a page whether its reader is signed in still: the gate answers who is not."""


@router.post("/app/sign-out")
def sign_out(request: Request, now: Now) -> Response:
    """End the sign-in of this browser."""
    with transaction() as session:
        sign_ins.end(session, now, sign_in=caller_of(request).sign_in)
    return signed_out(f"{SIGN_IN}?out=1")


def ask(
    request: Request,
    status: int = 200,
    *,
    name: str = "",
    next_page: str = "",
    faults: Faults | None = None,
    headers: dict[str, str] | None = None,
) -> HTMLResponse:
    """The page, with what was wrong, if anything was."""
    told: dict[str, Any] = {"name": name, "next_page": page_of_ours(next_page), "faults": faults or {}}
    told |= {"provider": offered(), "failed": why_failed(request)}
    answer = page(request, "access/sign_in.html", status, out="out" in request.query_params, **told)
    answer.headers.update(headers or {})
    return answer


def wait(request: Request, left: dt.timedelta, *, name: str, next_page: str) -> HTMLResponse:
    """The page, where too many attempts have failed: when to try again."""
    seconds = max(1, math.ceil(left.total_seconds()))
    return ask(
        request,
        PROTOCOL_STATUS["too_many_requests"],
        name=name,
        next_page=next_page,
        faults={"": [too_many(seconds)]},
        headers={"Retry-After": str(seconds)},
    )


def too_many(seconds: int) -> str:
    """That somebody has to wait, in words."""
    return t("access-too-many", minutes=math.ceil(seconds / 60))
