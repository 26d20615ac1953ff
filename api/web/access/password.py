"""The page on which people choose a password."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from api.access.gate import PASSWORD, caller_of
from api.problems import PROTOCOL_STATUS, STATUS, Halt
from api.times import Now
from api.web.access.browsers import browser_of, lasts, page_of_ours, signed_in
from api.web.access.sign_in import too_many
from api.web.forms import Faults, SentForm, first
from api.web.rendering import page
from api.web.words import t
from models.access import accounts
from models.access.callers import Caller
from models.access.passwords import LONGEST, SHORTEST, Weakness, weakness
from models.access.tables import SignIn, SignInMethod
from models.faults import Refusal
from models.people import User
from models.session import transaction

router = APIRouter()


@router.get(PASSWORD)
def show_password(request: Request, next: str = "") -> HTMLResponse:  # noqa: A002  # the address's word
    """Ask for a new password, and for the present one of who has one and has not come by a code that sets one."""
    with transaction() as session:
        old = _tells_old(session, caller_of(request))
    return _ask(request, old=old, next_page=next)


@router.post(PASSWORD)
def choose_password(request: Request, sent: SentForm, now: Now) -> Response:
    """Set a new password. All sign-ins end but this one, which is begun anew."""
    caller = caller_of(request)
    with transaction() as session:
        asks_old = _tells_old(session, caller)
        user = session.get_one(User, caller.id)
    old, new, next_page = first(sent, "old"), first(sent, "new"), first(sent, "next") or ""
    faults: Faults = {}
    if asks_old and old is None:
        faults["old"] = [t("access-missing")]
    if weak := weakness(new or "", [user.name, user.external_id, user.email or ""]):
        faults["new"] = [_said(weak)]
    if new != first(sent, "again"):
        faults["again"] = [t("access-not-the-same")]
    if faults:
        return _ask(request, STATUS[Refusal.INVALID], old=asks_old, next_page=next_page, faults=faults)
    came = accounts.set_password(caller.id, old if asks_old else None, new or "", browser_of(request), now, lasts())
    if isinstance(came, str):
        return signed_in(came, page_of_ours(next_page))
    if isinstance(came, accounts.Wait):
        seconds = max(1, round((came.until - now).total_seconds()))
        faults = {"": [too_many(seconds)]}
        answer = _ask(request, PROTOCOL_STATUS["too_many_requests"], old=asks_old, next_page=next_page, faults=faults)
        answer.headers["Retry-After"] = str(seconds)
        return answer
    faults = {"old": [t("access-wrong-old")]}
    return _ask(request, STATUS[Refusal.INVALID], old=asks_old, next_page=next_page, faults=faults)


def may_have_password(session: Session, caller: Caller) -> bool:
    """Whether somebody may choose a password: who has one, or came by a one-time code. Whom another house lets in has
    none here, so that they are locked out here when they are there.
    """
    signed = session.get(SignIn, caller.sign_in)
    by_code = signed is not None and signed.method is SignInMethod.CODE
    return by_code or accounts.has_password(session, caller.id)


def _tells_old(session: Session, caller: Caller) -> bool:
    """Whether somebody has to tell the present password to choose another."""
    if not may_have_password(session, caller):
        raise Halt("forbidden", t("access-no-password-here"))
    return accounts.has_password(session, caller.id) and not caller.must_set_password


def _ask(
    request: Request, status: int = 200, *, old: bool, next_page: str, faults: Faults | None = None
) -> HTMLResponse:
    told: dict[str, Any] = {"asks_old": old, "next_page": page_of_ours(next_page), "faults": faults or {}}
    return page(request, "access/password.html", status, shortest=SHORTEST, longest=LONGEST, **told)


def _said(weak: Weakness) -> str:
    return t(f"access-password-{weak.value}", shortest=SHORTEST, longest=LONGEST)
