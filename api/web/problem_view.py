"""How a page says no, where the answer to a program would be problem details (`api.problems`)."""

from fastapi import Request
from fastapi.responses import HTMLResponse

from api.problems import Told
from api.web.rendering import is_fragment, page

PREFIX = "/app"
"""Where pages live."""


def shown(told: Told, request: Request) -> HTMLResponse | None:
    """A problem as a page or as a fragment of one; None where the request came from a program."""
    if not request.url.path.startswith(f"{PREFIX}/"):
        return None
    template = "problem/fragment.html" if is_fragment(request) else "problem/page.html"
    response = page(request, template, told.problem.status, problem=told.problem)
    response.headers.update(told.headers)
    return response
