"""What every `type` of a problem leads to: a page for people, JSON for programs."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse, Response

from api.catalogue import CATALOGUE, Kind
from api.html import inline, page
from api.problems import Halt

router = APIRouter(prefix="/problems")

Accept = Annotated[str, Header()]


@router.get("")
async def list_problems(accept: Accept = "") -> Response:
    """Every kind of problem."""
    if _wants_html(accept):
        entries = "".join(
            f'<h3 id="{code}"><a href="/problems/{code}">{code}</a></h3>{_html(kind)}'
            for code, kind in CATALOGUE.items()
        )
        return page("Problems", f"<h1>Problems</h1><p>Every way the API says no, and what to do about it.</p>{entries}")
    return JSONResponse({"items": [_json(code, kind) for code, kind in CATALOGUE.items()]})


@router.get("/{code}")
async def read_problem(code: str, accept: Accept = "") -> Response:
    """One kind of problem."""
    kind = CATALOGUE.get(code)
    if kind is None:
        raise Halt("unknown_problem", "There is no such kind of problem; /problems lists them all.")
    if _wants_html(accept):
        back = '<p class="soft"><a href="/problems">All problems</a> · <a href="/docs">API</a></p>'
        return page(kind.title, f"<h1>{inline(kind.title)}</h1><p><code>{code}</code></p>{_html(kind)}{back}")
    return JSONResponse(_json(code, kind))


def _wants_html(accept: str) -> bool:
    return "text/html" in accept


def _html(kind: Kind) -> str:
    return f"<p>{inline(kind.title)}. {inline(kind.about)}</p>"


def _json(code: str, kind: Kind) -> dict[str, Any]:
    return {"type": f"/problems/{code}", "title": kind.title, "about": kind.about}
