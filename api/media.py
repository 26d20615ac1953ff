"""What the API speaks: JSON in and out, CSV where a route takes or gives it. Others are told what to send instead."""

from typing import Annotated

from fastapi import Header, Request
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

from api.problems import Halt

_JSON = frozenset({"application/json", "application/problem+json", "application/*", "*/*"})
_CSV = frozenset({"text/csv", "text/*", "*/*"})


class CsvRoute(APIRoute):
    """A route for bodies that are declared as CSV; one at the same address, added after it, takes the others."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this route answers a request."""
        declared = Headers(scope=scope).get("content-type", "")
        return super().matches(scope) if _kind(declared) == "text/csv" else (Match.NONE, {})


async def speaks_json(
    request: Request,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    content_type: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> None:
    """Refuse a request whose body is not declared as JSON, or that takes no JSON for an answer."""
    if not _accepts(accept, _JSON):
        raise Halt("not_acceptable", "Answers are JSON; send Accept: application/json, or leave the header out.")
    takes_csv = isinstance(request.scope["route"], CsvRoute)
    if _has_body(request) and not takes_csv and not _is_json(content_type or ""):
        raise Halt(
            "unsupported_media_type",
            "The body is not declared as JSON; send Content-Type: application/json (curl: -H 'Content-Type:"
            " application/json').",
        )


async def speaks_csv(accept: Annotated[str | None, Header(include_in_schema=False)] = None) -> None:
    """Refuse a request that takes no CSV for an answer."""
    if not _accepts(accept, _CSV):
        raise Halt("not_acceptable", "Answers are CSV here; send Accept: text/csv, or leave the header out.")


def _accepts(accept: str | None, given: frozenset[str]) -> bool:
    return accept is None or any(_is_wanted(part, given) for part in accept.split(","))


def _is_wanted(part: str, given: frozenset[str]) -> bool:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    return kind in given and not any(
        each.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for each in parameters
    )


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _is_json(content_type: str) -> bool:
    kind = _kind(content_type)
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
