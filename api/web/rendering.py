"""Templates into answers."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.access import policy
from api.web import clocks
from api.web.words import t
from models.access.callers import Caller

FOLDER = Path(__file__).parent

_YEAR = "public, max-age=31536000, immutable"


def page(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:  # Any: the template's
    """A page or a fragment, as the template says.

    It is told who asks (None: nobody has signed in), what they may do, and what their forms have to carry.
    """
    who: Caller | None = request.scope.get("caller")
    told = {
        "request": request,
        "who": who,
        "may": partial(policy.allows, who),
        "form_secret": request.scope.get("form_secret"),
    }
    return HTMLResponse(_environment().get_template(template).render(told | context), status)


def part(
    request: Request, template: str, alone: str, status: int = 200, **context: Any
) -> HTMLResponse:  # Any: as above
    """A fragment for the dialog, or where a browser without scripts asks, the page `alone` around it."""
    if is_fragment(request):
        return page(request, template, status, alone=False, **context)
    return page(request, alone, status, alone=True, part=template, **context)


def told(response: Response, toast: str | None = None, *, close: bool = False, changed: str | None = None) -> Response:
    """An answer that also lets the page say a sentence, close its dialog, or look again at what has changed
    (`schedule-changed`, `requests-changed`).
    """
    triggers: dict[str, str] = {}
    if toast:
        triggers["toast"] = toast
    if close:
        triggers["close-dialog"] = ""
    if changed:
        triggers[changed] = ""
    response.headers["HX-Trigger"] = json.dumps(triggers)
    return response


def done(sentence: str, changed: str) -> Response:
    """The answer to a dialog whose work is done: the page says so, closes it and looks again at what has `changed`."""
    return told(Response(status_code=204), sentence, close=True, changed=changed)


def is_fragment(request: Request) -> bool:
    """Whether a part of a page is asked for, and not a whole one: to go back to, or to follow a link to."""
    whole = ("HX-Boosted", "HX-History-Restore-Request")
    return "HX-Request" in request.headers and not any(name in request.headers for name in whole)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(t=t, asset=asset, clocks=clocks)
    return environment


@cache
def asset(path: str) -> str:
    """The address of a static file, which changes with what is in it."""
    digest = hashlib.sha256((FOLDER / "static" / path).read_bytes()).hexdigest()[:12]
    return f"/app/static/{path}?{digest}"


class Assets(StaticFiles):
    """The static files; a browser keeps what it has seen under an address with a digest."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER / "static")

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, or 404."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = _YEAR if scope["query_string"] else "no-cache"
        return response


def query(values: Mapping[str, str | list[str] | None]) -> str:
    """The query of an address, `?a=1&b=2`, without what is None; empty where nothing is left."""
    text = urlencode({name: value for name, value in values.items() if value is not None}, doseq=True)
    return f"?{text}" if text else ""
