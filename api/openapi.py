"""The OpenAPI document: what FastAPI derives from the routes, and the problems that every route shares."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import problems
from api.access.policy import by_route
from api.catalogue import CATALOGUE

DESCRIPTION = """\
Slotwise plans hospital appointments. Queue **booking requests**; planners gather what is queued, book every request
that can be booked and say exactly why the others cannot.

- **Ids** are UUIDs. Hospitals, doctors and patients are also known by their `external_id`, wherever one is named.
- **Instants** are RFC 3339 with an offset: yours may have any, ours have the hospital's. Dates in filters are local
  dates of the hospital, both ends included.
- **Lists** come in pages: `limit`, and `cursor` for the next one (`next_cursor` in the body, `Link: rel="next"`).
- **Every POST** takes an `Idempotency-Key`: sent again with the same body it gives the first answer again, marked
  `Idempotent-Replayed: true`; with another body it is refused with 422, and while the first is being worked on, 409.
- **What can be edited** has an `ETag`; send it in `If-Match` and a change made meanwhile refuses yours with 412.
- **Queued work** is answered with 202 and `Location`. Poll that; `Prefer: wait=20` holds the answer back until there
  is something to say.
- **Problems** are `application/problem+json` (RFC 9457) with every fault at once; their `type` is a page that says
  what to do.
- **X-Request-ID**: send one, or find ours in the answer; the log has it too.
- **Access**: every call shows an access token (`Authorization: Bearer slw_…`), which may do what its scopes say at the
  hospitals it was made for; what belongs to other hospitals does not exist for it.
"""

_WITH_BODY = frozenset({"post", "put", "patch"})
_METHODS = frozenset({"get", "put", "post", "delete", "patch"})

_EVERYWHERE = {
    401: ["unauthenticated"],
    403: ["forbidden", "cross_site"],
    406: ["not_acceptable"],
    414: ["address_too_long"],
    421: ["misdirected", "insecure"],
    429: ["too_many_requests"],
    500: ["internal"],
    503: [
        *("unavailable", "overloaded", "contended", "took_too_long"),
        *("no_room", "read_only", "database_broken"),
    ],
}
_IF_BODY = {
    400: ["malformed_json"],
    408: ["too_slow"],
    413: ["body_too_large"],
    415: ["unsupported_media_type"],
}
_IF_POST = {409: ["key_in_flight"], 422: ["key_reused", "unreadable_key"]}


def install(app: FastAPI) -> None:
    """Let `app` describe itself with every problem it may answer."""

    def openapi() -> dict[str, Any]:  # Any: an OpenAPI document
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation says


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=[{"name": name, "description": about} for name, about in _TAGS.items()],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    schemas = document["components"]["schemas"]
    for model in (problems.Problem, problems.ErrorOut):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "An access token, `slw_…`"}
    }
    for path, operations in document["paths"].items():
        for method in _METHODS & operations.keys():
            row = by_route()[f"{method.upper()} {path}"]
            operations[method]["security"] = [] if row.everyone else [{"token": []}]
            _complete(method, operations[method], everyone=row.everyone)
    return document


def _complete(method: str, operation: dict[str, Any], *, everyone: bool) -> None:
    """Add to one operation the problems that it shares with others."""
    shared = {status: list(codes) for status, codes in _EVERYWHERE.items()}
    if method == "get":
        shared[403] = ["forbidden"]
    if everyone:
        del shared[401], shared[403]
    if method in _WITH_BODY and "requestBody" in operation:
        shared |= _IF_BODY
    if method == "post":
        shared |= _IF_POST
    responses = operation["responses"]
    if "422" in responses and "application/json" in responses["422"].get("content", {}):
        responses["422"] = problems.example_response(422, ["invalid"])
    for status, codes in shared.items():
        standing = responses.get(str(status), {}).get("content", {}).get(problems.MEDIA_TYPE, {}).get("examples", {})
        known = [code for code in standing if code in CATALOGUE]
        responses[str(status)] = problems.example_response(
            status, [*known, *(code for code in codes if code not in known)]
        )
    operation["responses"] = dict(sorted(responses.items()))


_TAGS = {
    "Hospitals": "Hospitals, their weekly hours, their exceptions, and the openings projected from these.",
    "Directory": "Users, doctors and patients: copies that the hospital system keeps current.",
    "Availabilities": "When doctors see patients, and where.",
    "Appointments": "Hours that stand.",
    "Booking requests": "Wishes for an hour, alone or in batches: queued, decided, polled.",
    "Reschedules": "Hours are lost: other hours for their appointments, with the least upheaval, proved.",
    "Validation": "What is wrong with the schedule, what would mend it, and what the days ahead could not bear.",
    "Schedule": "What a day looks like.",
    "Planning runs": "What the planners have been doing.",
    "Overview": "How full the days are, what waits, how soon patients are seen, why others were refused.",
    "Calendars": "A doctor's schedule on phones: addresses to subscribe to, and what is read there.",
    "Events": "What happened, for other systems.",
    "Deliveries": "How events reach other systems and patients, and what could not be delivered.",
    "Audit": "Who did what, and who was shown which patient.",
    "Health": "For the operator.",
}
