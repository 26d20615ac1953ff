"""Every route that the application has, with something in the place of each parameter of its path."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

_PARAMETER = re.compile(r"\{(\w+)\}")

_FILLED = {"date": "2027-01-12", "code": "forbidden", "external_id": "nobody-here", "hospital": "nowhere"}


def routes_of(app: FastAPI) -> list[str]:
    """`GET /schedule`, pages and what the OpenAPI document leaves out among them, in the words of the policy."""
    found = {f"{method} {path.replace(':path}', '}')}" for method, path in _walked(app.router, "")}
    described = {f"{method.upper()} {path}" for path, each in app.openapi()["paths"].items() for method in each}
    assert described <= found
    return sorted(found)


def address(route: str) -> tuple[str, str]:
    """The method of a route, and an address of it that leads to nothing there is."""
    method, path = route.split(" ", 1)
    return method, _PARAMETER.sub(lambda name: _FILLED.get(name[1], str(uuid.UUID(int=7))), path)


def _walked(router: Any, prefix: str) -> Iterator[tuple[str, str]]:  # Any: FastAPI's routers and what it includes
    for route in router.routes:
        if included := getattr(route, "original_router", None):
            yield from _walked(included, prefix + route.include_context.prefix)
        elif methods := getattr(route, "methods", None):
            yield from ((method, prefix + route.path) for method in methods)
