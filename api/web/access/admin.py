"""The page on which admins see who may sign in and which systems have a way in, hand out codes and tokens, and take
them back.
"""

import datetime as dt
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access.gate import SIGN_IN
from api.named import gone
from api.problems import STATUS
from api.times import Now
from api.web import forms
from api.web.access.asking import EXPIRIES, read_token
from api.web.forms import Left, SentForm
from api.web.rendering import is_fragment, page, part, query, told
from api.web.words import t
from models.access import sign_ins
from models.access.accounts import MAY_SIGN_IN
from models.access.codes import drop_code, make_code
from models.access.scopes import WORDS
from models.access.tables import AccessToken
from models.access.tokens import list_tokens, make_token, revoke_token
from models.access.users import list_users
from models.faults import Refusal
from models.hospitals import Hospital
from models.people import Role, User
from models.session import transaction
from models.settings import settings

router = APIRouter(prefix="/app/access")

CODE_LASTS = dt.timedelta(hours=24)
ROLES = tuple(sorted(MAY_SIGN_IN))


@router.get("")
def show_access(
    request: Request, now: Now, name: str = "", role: Annotated[Role | None, Left, Query()] = None
) -> HTMLResponse:
    """Who may sign in, and the tokens that are not revoked; as a fragment, both lists alone."""
    name = name.strip()
    with transaction() as session:
        users = [
            each for each in list_users(session, now, settings().sign_in_idle, role) if _is_called(each.user, name)
        ]
        tokens = list_tokens(session)
    return page(
        request,
        "admin/lists.html" if is_fragment(request) else "admin/page.html",
        users=users,
        tokens=tokens,
        now=now,
        name=name,
        role=role,
        roles=ROLES,
        words=WORDS,
        here=f"/app/access{query({'name': name or None, 'role': role})}",
    )


@router.get("/users/{user_id}/code")
def ask_before_code(request: Request, user_id: uuid.UUID) -> HTMLResponse:
    """The question whether to make somebody a one-time code."""
    with transaction() as session:
        user = _user(session, user_id)
    return _part(request, "admin/ask_code.html", user=user)


@router.post("/users/{user_id}/code")
def give_code(request: Request, user_id: uuid.UUID, now: Now) -> HTMLResponse:
    """Make a one-time code and show it, this once."""
    with transaction() as session:
        user = _user(session, user_id)
        code = make_code(session, user.id, now + CODE_LASTS, sets_password=True)
    return _part(
        request,
        "admin/code.html",
        user=user,
        code=code,
        hours=CODE_LASTS // dt.timedelta(hours=1),
        sign_in=f"{request.base_url}{SIGN_IN.removeprefix('/')}",
    )


@router.post("/users/{user_id}/sign-out")
def sign_out(request: Request, user_id: uuid.UUID, now: Now) -> Response:
    """End all sign-ins of somebody, and the one-time code that they may have."""
    with transaction() as session:
        user = _user(session, user_id)
        ended = sign_ins.end(session, now, user=user.id)
        drop_code(session, user.id)
    return _done(request, t("admin-signed-out", name=user.name, count=ended))


@router.get("/tokens/new")
def ask_for_token(request: Request) -> HTMLResponse:
    """The form for a new token."""
    return _token_form(request, {}, {})


@router.post("/tokens")
def give_token(request: Request, sent: SentForm, now: Now) -> HTMLResponse:
    """Make a token and show it, this once."""
    faults: forms.Faults = {}
    with transaction() as session:
        asked = read_token(session, sent, now, faults)
        made = None
        if asked:
            made, secret = make_token(
                session, asked.name, asked.scopes, hospitals=asked.hospitals, expires_at=asked.expires_at
            )
    if made is None:
        return _token_form(request, sent, faults, STATUS[Refusal.INVALID])
    return _part(request, "admin/token.html", token=made, secret=secret)


@router.get("/tokens/{token_id}/revoke")
def ask_before_revoking(request: Request, token_id: uuid.UUID) -> HTMLResponse:
    """The question whether to revoke a token."""
    with transaction() as session:
        token = _token(session, token_id)
    return _part(request, "admin/revoke.html", token=token)


@router.post("/tokens/{token_id}/revoke")
def revoke(request: Request, token_id: uuid.UUID, now: Now) -> Response:
    """Revoke a token; one that was revoked already stays so."""
    with transaction() as session:
        token = _token(session, token_id)
        revoke_token(session, token_id, now)
    return _done(request, t("admin-revoked", name=token.name))


def _is_called(user: User, name: str) -> bool:
    wanted = name.casefold()
    return wanted in user.name.casefold() or wanted in user.external_id.casefold()


def _user(session: Session, user_id: uuid.UUID) -> User:
    """Somebody who may sign in."""
    found = session.get(User, user_id)
    if found is None or not found.active or found.role not in MAY_SIGN_IN:
        raise gone("user", user_id)
    return found


def _token(session: Session, token_id: uuid.UUID) -> AccessToken:
    found = session.get(AccessToken, token_id)
    if found is None:
        raise gone("access_token", token_id)
    return found


def _token_form(request: Request, sent: forms.Sent, faults: forms.Faults, status: int = 200) -> HTMLResponse:
    with transaction() as session:
        hospitals = session.scalars(select(Hospital).order_by(Hospital.name, Hospital.id)).all()
    return _part(
        request,
        "admin/new_token.html",
        status,
        sent=sent,
        faults=faults,
        hospitals=hospitals,
        words=WORDS,
        expiries=EXPIRIES,
    )


def _done(request: Request, sentence: str) -> Response:
    """The answer to what is done: to a page with scripts a sentence, and it looks again; to others the page anew."""
    if not is_fragment(request):
        return RedirectResponse("/app/access", status_code=303)
    return told(Response(status_code=204), sentence, close=True, changed="access-changed")


def _part(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:  # Any: the template's
    return part(request, template, "admin/alone.html", status, **context)
