"""Every answer that says no: RFC 9457 problem details, one entry per fault. The one file that chooses HTTP statuses."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from api import catalogue, outages, sentences
from models.faults import Fault, Refusal, Refused, field_name

MEDIA_TYPE = "application/problem+json"

LEAST_REFUSAL = 400
"""Statuses from here on refuse."""

MAX_ERRORS = 10_000
"""The most faults one answer lists; `omitted` counts the others."""

STATUS = {
    Refusal.INVALID: 422,
    Refusal.FORBIDDEN: 403,
    Refusal.NOT_FOUND: 404,
    Refusal.CLASH: 409,
    Refusal.STALE: 412,
}

PROTOCOL_STATUS = {
    "malformed_json": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "form_expired": 403,
    "cross_site": 403,
    "nothing_here": 404,
    "unknown_problem": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "too_slow": 408,
    "key_in_flight": 409,
    "body_too_large": 413,
    "address_too_long": 414,
    "unsupported_media_type": 415,
    "insecure": 421,
    "misdirected": 421,
    "key_reused": 422,
    "too_many_requests": 429,
    "share_full": 429,
    "internal": 500,
    "unavailable": 503,
    "overloaded": 503,
    "queue_full": 503,
    "contended": 503,
    "took_too_long": 503,
    "no_room": 503,
    "read_only": 503,
    "database_broken": 503,
}

_OF_STATUS = {
    400: "malformed_json",
    401: "unauthenticated",
    403: "forbidden",
    404: "nothing_here",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "too_slow",
    413: "body_too_large",
    414: "address_too_long",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "unavailable",
}
"""What the framework means by a status; what else has one of these is told by us alone."""

_log = structlog.get_logger("slotwise.api")


class ErrorOut(BaseModel):
    """One fault: where it is, what is wrong, and what would do instead."""

    code: str = Field(description="A stable name, documented at /problems/{code}", examples=["no_offset"])
    message: str = Field(examples=["earliest has no UTC offset; write it like 2026-12-01T10:00:00+00:00."])
    pointer: str | None = Field(None, description="Where in the body (RFC 6901)", examples=["#/earliest"])
    parameter: str | None = Field(None, description="Which parameter of the path, query or headers")
    value: Any = Field(None, description="What was sent there, where it may be repeated")
    facts: dict[str, Any] | None = Field(None, description="What proves it; shaped by `code`")


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(description="A stable address; it says what to do", examples=["/problems/no_offset"])
    title: str = Field(examples=["A time without a UTC offset"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["earliest has no UTC offset; write it like 2026-12-01T10:00:00+00:00."])
    instance: str = Field("", description="The path that was asked for", examples=["/booking-requests"])
    request_id: str = Field("", description="As in the X-Request-ID header and the log")
    errors: list[ErrorOut] = Field([], description="Every fault there is")
    remedy: str | None = Field(None, description="The address to POST to for what puts it right, if anything does")
    omitted: int | None = Field(None, description=f"How many faults beyond the first {MAX_ERRORS} are not listed")


class Halt(Exception):  # noqa: N818  # a refusal, not an error of ours
    """A request that cannot be taken as it was sent, whatever the schedule says."""

    def __init__(self, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        super().__init__(detail)


class QueryRefused(Refused):
    """Faults whose fields are parameters of the query or the headers."""


class Summed(Refused):
    """A refusal whose first fault says what all the others come to; a POST to `remedy` puts it right, if anything."""

    def __init__(self, refusal: Refused, remedy: str | None = None) -> None:
        super().__init__(refusal.refusal, refusal.faults)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Told:
    """A problem and the headers that go with it."""

    problem: Problem
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, request: Request, shown: "Shown | None" = None) -> Response:
        """The answer to `request`: to people as `shown`, to programs as problem details."""
        self.problem.instance = sentences.printable(request.url.path)
        self.problem.request_id = request.scope.get("request_id", "")
        request.scope["problem"] = self.problem.type.rpartition("/")[2]  # for `api.measuring`
        page = shown(self, request) if shown else None
        return page or Response(
            self.problem.model_dump_json(exclude_none=True),
            self.problem.status,
            dict(self.headers),
            media_type=MEDIA_TYPE,
        )


def protocol(code: str, detail: str, headers: Mapping[str, str] | None = None) -> Told:
    """The problem of a request that went wrong before its content mattered."""
    return Told(_problem(code, PROTOCOL_STATUS[code], detail, []), headers or {})


def refused(refusal: Refused, items: str | None = None) -> Told:
    """The problem of a refusal; `items` names the list in the body whose rows its faults count."""
    if isinstance(refusal, Summed):
        return Told(_sum(refusal))
    query = isinstance(refusal, QueryRefused)
    errors = [_error(fault, items, query=query) for fault in refusal.faults[:MAX_ERRORS]]
    return Told(_of_errors(refusal.refusal.value, STATUS[refusal.refusal], errors, len(refusal.faults)))


def misshapen(faults: Sequence[Mapping[str, Any]]) -> Told:  # Any: pydantic's own error dictionaries
    """The problem of a request whose shape will not do, from pydantic's errors."""
    if any(fault["type"] == "json_invalid" for fault in faults):
        return malformed(faults[0])
    errors = [_shape_error(fault) for fault in faults[:MAX_ERRORS]]
    if all(
        error.code == "not_an_id" and fault["loc"][0] == "path" for error, fault in zip(errors, faults, strict=False)
    ):
        return protocol("nothing_here", "There is nothing at this address: the id in it is not one of ours.")
    return Told(_of_errors("invalid", STATUS[Refusal.INVALID], errors, len(faults)))


def malformed(fault: Mapping[str, Any] | None = None) -> Told:  # Any: pydantic's own error dictionary
    """The problem of a body that is not JSON."""
    where = f" at character {fault['loc'][1]}: {fault['ctx']['error']}" if fault else ""
    return protocol("malformed_json", f"The body is not JSON that can be read{where}.")


def of_database(error: SQLAlchemyError) -> Told | None:
    """The problem of a database error that models did not translate; None where it is a fault of ours."""
    if outage := outages.of(error):
        return protocol(outage.code, outage.detail, {"Retry-After": str(outage.seconds)})
    if isinstance(error, IntegrityError):
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
        code, message = sentences.CONSTRAINTS.get(name, sentences.OTHER_CONSTRAINT)
        return refused(Refused(Refusal.CLASH, [Fault(code, "", None, message)]))
    if isinstance(error, DataError):
        message = "Something in the request cannot be stored; leave out NUL characters and numbers beyond 64 bits."
        return refused(Refused(Refusal.INVALID, [Fault("not_storable", "", None, message)]))
    return None


Shown = Callable[[Told, Request], Response | None]
"""How a problem is shown to people; None where a program asked."""


def install(app: FastAPI, shown: Shown) -> None:
    """Let `app` answer every exception with a problem."""

    def answer(told: Told, request: Request) -> Response:
        return told.response(request, shown)

    @app.exception_handler(Refused)
    async def _refused(request: Request, error: Refused) -> Response:
        return answer(refused(error), request)

    @app.exception_handler(Halt)
    async def _halt(request: Request, error: Halt) -> Response:
        return answer(protocol(error.code, error.detail, error.headers), request)

    @app.exception_handler(RequestValidationError)
    async def _misshapen(request: Request, error: RequestValidationError) -> Response:
        return answer(misshapen(error.errors()), request)

    @app.exception_handler(SQLAlchemyError)
    async def _database(request: Request, error: SQLAlchemyError) -> Response:
        told = of_database(error)
        if told is None:
            raise error
        if told.problem.status == PROTOCOL_STATUS["unavailable"]:
            reason, sqlstate = type(error.__cause__ or error).__name__, outages.state_of(error)
            _log.warning("database_unavailable", reason=reason, sqlstate=sqlstate or None)
        return answer(told, request)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return answer(_of_http(request, error), request)


def _of_http(request: Request, error: HTTPException) -> Told:
    code = _OF_STATUS.get(error.status_code, "internal")
    match code:
        case "nothing_here":
            detail = f"There is nothing at {sentences.printable(request.url.path)}; /docs lists every route."
        case "method_not_allowed":
            allowed = ", ".join(_methods(request.app, request.url.path)) or (error.headers or {}).get("Allow", "")
            detail = f"{sentences.printable(request.url.path)} does not take {request.method}; it takes {allowed}."
            return protocol(code, detail, {"Allow": allowed})
        case "malformed_json":
            return malformed()
        case _:
            detail = catalogue.CATALOGUE[code].about
    return protocol(code, detail, error.headers)


def _methods(app: FastAPI, path: str) -> list[str]:
    """The methods that an address takes, of all the routes it has; the framework knows only the first one's."""
    found: set[str] = set()
    for template, operations in app.openapi()["paths"].items():
        if compile_path(template)[0].fullmatch(path):
            found |= {method.upper() for method in operations}
    return sorted(found)


def _problem(code: str, status: int, detail: str, errors: list[ErrorOut]) -> Problem:
    return Problem(type=f"/problems/{code}", title=catalogue.title(code), status=status, detail=detail, errors=errors)


def _of_errors(category: str, status: int, errors: list[ErrorOut], count: int) -> Problem:
    codes = {error.code for error in errors}
    first = errors[0].message
    detail = first if count == 1 else f"There are {count} faults, and errors names each. The first: {first}"
    problem = _problem(codes.pop() if len(codes) == 1 else category, status, detail, errors)
    problem.omitted = count - len(errors) or None
    return problem


def _sum(refusal: Summed) -> Problem:
    what, *faults = refusal.faults
    errors = [_error(fault, None, query=False) for fault in faults[:MAX_ERRORS]]
    first = f" {'The first: ' if len(faults) > 1 else ''}{errors[0].message}" if errors else ""
    problem = _problem(what.code, STATUS[refusal.refusal], what.message + first, errors)
    problem.omitted = len(faults) - len(errors) or None
    problem.remedy = refusal.remedy
    return problem


def _error(fault: Fault, items: str | None, *, query: bool) -> ErrorOut:
    path: list[str | int] = [] if items is None else [items, fault.row]
    path += sentences.path_of(fault.field)
    return ErrorOut(
        code=fault.code,
        message=fault.message.encode("utf-8", "replace").decode(),
        pointer=sentences.pointer(path) if path and not query else None,
        parameter=fault.field if query else None,
        value=sentences.repeatable(fault.value, path),
        facts=dict(fault.facts) or None,
    )


def _shape_error(fault: Mapping[str, Any]) -> ErrorOut:  # Any: pydantic's own error dictionary
    place, *path = (step for step in fault["loc"] if step != "[key]")
    code, predicate = sentences.shape_fault(fault["type"], fault["msg"], fault.get("ctx", {}))
    name = sentences.printable(field_name(path)) or "The body"
    in_body = place == "body"
    return ErrorOut(
        code=code,
        message=f"{name} {predicate}.",
        pointer=sentences.pointer(path) if in_body else None,
        parameter=None if in_body else name,
        value=sentences.repeatable(fault.get("input"), path),
    )


def documented(
    *,
    not_found: Iterable[str] = (),
    clash: Iterable[str] = (),
    invalid: Iterable[str] = (),
    forbidden: Iterable[str] = (),
    stale: bool = False,
    queues: bool = False,
) -> dict[int | str, dict[str, Any]]:  # Any: FastAPI's own type
    """What the OpenAPI document says of the problems of one route; those of every route are added in `api.openapi`."""
    kinds = {
        Refusal.NOT_FOUND: tuple(not_found),
        Refusal.CLASH: tuple(clash),
        Refusal.INVALID: tuple(invalid),
        Refusal.FORBIDDEN: tuple(forbidden),
        Refusal.STALE: ("changed_since",) if stale else (),
    }
    told = {STATUS[refusal]: codes for refusal, codes in kinds.items() if codes}
    if queues:
        told |= {PROTOCOL_STATUS[code]: (code,) for code in ("share_full", "queue_full")}
    return {status: example_response(status, codes) for status, codes in told.items()}


def example_response(status: int, codes: Sequence[str]) -> dict[str, Any]:  # Any: an OpenAPI object
    """An OpenAPI response: problems of these kinds, with an example of each."""
    examples = {
        code: {
            "summary": catalogue.title(code),
            "value": {
                "type": f"/problems/{code}",
                "title": catalogue.title(code),
                "status": status,
                "detail": catalogue.CATALOGUE[code].about,
            },
        }
        for code in codes
    }
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
    description = "; ".join(catalogue.title(code) for code in codes)
    return {"description": description, "content": {MEDIA_TYPE: content}}
