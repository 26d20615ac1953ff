"""The API's reference and what every `type` of a problem leads to: pages for people, JSON for programs.

Made from the OpenAPI document and the catalogue of problems, so that they are never behind; readable without a network.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response

from api.catalogue import CATALOGUE
from api.kinds import Kind
from api.problems import Halt
from api.web.rendering import page

router = APIRouter()

Accept = Annotated[str, Header()]

_MARKED = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. `bodies`: an example of each kind of body; `answers`: what each status means."""

    method: str
    path: str
    summary: str
    about: str
    parameters: list[tuple[str, str, str]]
    bodies: list[tuple[str, str]]
    answers: list[tuple[str, str]]

    @property
    def anchor(self) -> str:
        """Its own place on the page."""
        return f"{self.method.lower()}-{re.sub(r'[^a-z0-9]+', '-', self.path.lower()).strip('-')}"


@router.get("/docs")
def show_reference(request: Request) -> Response:
    """Every route, by subject."""
    document = request.app.openapi()
    operations: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            operations[operation["tags"][0]].append(_operation(method, path, operation))
    first, *rest = document["info"]["description"].strip().split("\n\n")
    points, last = rest[0].split("\n- "), rest[1:]
    return page(
        request,
        "reference/api.html",
        about=[" ".join(first.split()), *(" ".join(each.split()) for each in last)],
        points=[" ".join(point.removeprefix("- ").split()) for point in points],
        subjects=[(tag["name"], tag["description"], operations[tag["name"]]) for tag in document["tags"]],
        marked=marked,
    )


@router.get("/problems")
async def list_problems(request: Request, accept: Accept = "") -> Response:
    """Every kind of problem."""
    if _wants_html(accept):
        return page(request, "reference/problems.html", catalogue=CATALOGUE, marked=marked)
    return JSONResponse({"items": [_json(code, kind) for code, kind in CATALOGUE.items()]})


@router.get("/problems/{code}")
async def read_problem(request: Request, code: str, accept: Accept = "") -> Response:
    """One kind of problem."""
    kind = CATALOGUE.get(code)
    if kind is None:
        raise Halt("unknown_problem", "There is no such kind of problem; /problems lists them all.")
    if _wants_html(accept):
        return page(request, "reference/problem.html", code=code, kind=kind, marked=marked)
    return JSONResponse(_json(code, kind))


def marked(text: str) -> list[tuple[str, str]]:
    """The parts of a text in which `code` and **words that matter** are marked, each with its HTML element or none."""
    parts, place = [], 0
    for found in _MARKED.finditer(text):
        code, strong = found.groups()
        parts += [("", text[place : found.start()]), ("code", code) if code else ("strong", strong)]
        place = found.end()
    return [*parts, ("", text[place:])]


def _wants_html(accept: str) -> bool:
    return "text/html" in accept


def _json(code: str, kind: Kind) -> dict[str, str]:
    return {"type": f"/problems/{code}", "title": kind.title, "about": kind.about}


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Operation:  # Any: an OpenAPI object
    bodies = operation.get("requestBody", {}).get("content", {})
    return Operation(
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        about=" ".join(operation["description"].split()),
        parameters=[
            (each["name"], each["in"], each.get("description", "")) for each in operation.get("parameters", ())
        ],
        bodies=[(kind, _written(body["example"])) for kind, body in bodies.items()],
        answers=[(status, answer["description"]) for status, answer in operation["responses"].items()],
    )


def _written(example: Any) -> str:  # Any: a JSON value, or the text of a file
    return example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
