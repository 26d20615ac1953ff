"""The page of one's own account: who one is here, and where one is signed in."""

import uuid

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select

from api.access.gate import SIGN_IN, caller_of
from api.times import Now
from api.web.access.browsers import named, signed_out
from api.web.access.password import may_have_password
from api.web.rendering import page
from models.access import sign_ins
from models.hospitals import Hospital
from models.people import User
from models.session import transaction
from models.settings import settings

router = APIRouter(prefix="/app/account")


@router.get("")
def show_account(request: Request, now: Now) -> HTMLResponse:
    """Who somebody is, where they act, and where they are signed in."""
    caller = caller_of(request)
    with transaction() as session:
        user = session.get_one(User, caller.id)
        hospitals = session.scalars(select(Hospital.name).order_by(Hospital.name)).all()
        signed = sign_ins.list_open(session, caller.id, now, settings().sign_in_idle)
        has_password = may_have_password(session, caller)
    return page(
        request,
        "access/account.html",
        user=user,
        everywhere=caller.hospitals is None,
        hospitals=hospitals,
        sign_ins=signed,
        has_password=has_password,
        browsers=named,
        now=now,
        idle=settings().sign_in_idle_minutes,
    )


@router.post("/sign-ins/{sign_in_id}/end")
def end_sign_in(request: Request, sign_in_id: uuid.UUID, now: Now) -> Response:
    """End one of one's own sign-ins; what is somebody else's, or over, is left as it is."""
    caller = caller_of(request)
    with transaction() as session:
        sign_ins.end(session, now, sign_in=sign_in_id, user=caller.id)
    return signed_out(f"{SIGN_IN}?out=1") if sign_in_id == caller.sign_in else _back()


@router.post("/sign-out-everywhere")
def sign_out_everywhere(request: Request, now: Now) -> Response:
    """End all of one's own sign-ins, this one too."""
    with transaction() as session:
        sign_ins.end(session, now, user=caller_of(request).id)
    return signed_out(f"{SIGN_IN}?out=1")


def _back() -> RedirectResponse:
    return RedirectResponse("/app/account", status_code=303)
