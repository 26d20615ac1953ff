"""What the API speaks: JSON in, JSON out. Anything else is refused with what to send instead."""

from typing import Annotated

from fastapi import Header, Request

from api.problems import Halt

_GIVEN = frozenset({"application/json", "application/problem+json", "application/*", "*/*"})


async def speaks_json(
    request: Request,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    content_type: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> None:
    """Refuse a request whose body is not declared as JSON, or that takes no JSON for an answer."""
    if accept is not None and not any(_accepts(part) for part in accept.split(",")):
        raise Halt("not_acceptable", "Answers are JSON; send Accept: application/json, or leave the header out.")
    if _has_body(request) and not _is_json(content_type or ""):
        raise Halt(
            "unsupported_media_type",
            "The body is not declared as JSON; send Content-Type: application/json (curl: -H 'Content-Type:"
            " application/json').",
        )


def _accepts(part: str) -> bool:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    return kind in _GIVEN and not any(
        each.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for each in parameters
    )


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
