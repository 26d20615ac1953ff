"""The policy is what is enforced: every route there is, called by every kind of caller, answers as its row says."""

import re

import httpx
import pytest
from fastapi import FastAPI

from api.access.policy import Row, by_route
from api.app import create_app
from models.access.acting import NOTHING
from models.access.scopes import Scope
from models.people import Role
from tests.access.network import DOCTORS, PEOPLE, Network
from tests.access.routes import address, routes_of
from tests.serving import Served

UNLISTED = {"GET /openapi.json", "HEAD /openapi.json"}
"""What the framework serves by itself; it says what there is, and nothing of anybody."""

HALVES = sorted(Scope)[::2], sorted(Scope)[1::2]


def may(kind: str, row: Row) -> bool:
    """Whether the row lets a kind of caller in."""
    if row.everyone:
        return True
    if kind.startswith("token"):
        where, _, scope = kind.partition(" ")
        held = {Scope(scope)} if scope else set(Scope)
        return bool(held & (row.scopes | row.own)) and (where == "token-everywhere" or not row.network)
    role = Role.STAFF if kind in PEOPLE else Role.DOCTOR if kind in DOCTORS else Role.ADMIN
    return role in row.roles and (role is Role.ADMIN or not row.network)


def is_let_in(kind: str, route: str, answer: httpx.Response) -> bool:
    """Whether an answer is any but "who are you?" and "you may not"."""
    if answer.status_code == 401 or answer.headers.get("location", "").startswith("/app/sign-in"):
        assert kind == "nobody", (kind, route)
        return False
    return answer.status_code != 403 or "An admin can say who may." not in answer.text


def walk(network: Network, kinds: list[str], routes: list[str]) -> None:
    policy = by_route()
    for kind in kinds:
        caller = network.client(kind)
        for route in routes:
            method, path = address(route)
            answer = caller.request(method, path)
            expected = policy[route].everyone if kind == "nobody" else may(kind, policy[route])
            assert is_let_in(kind, route, answer) is expected, (kind, route, answer.status_code, answer.text)
            assert answer.status_code < 500, (kind, route, answer.text)


@pytest.fixture
def routes(served: Served) -> list[str]:
    # Whoever signs out is out, and no caller of the other routes.
    return [each for each in routes_of(served.app) if each not in UNLISTED and "sign-out" not in each]


def test_every_route_has_a_row_and_every_row_a_route(served: Served):
    routes = set(routes_of(served.app)) - UNLISTED
    assert routes == set(by_route())


@pytest.mark.parametrize(
    "kinds",
    [["nobody", "admin", "staff-nowhere"], ["staff-alba", "doctor-shared", "token-alba", "token-everywhere"]],
    ids=["outside", "inside"],
)
def test_people_and_systems_may_what_the_table_says(network: Network, routes: list[str], kinds: list[str]):
    walk(network, kinds, routes)


@pytest.mark.parametrize("scopes", HALVES, ids=["some", "others"])
def test_a_scope_opens_its_routes_and_no_others(network: Network, routes: list[str], scopes: list[Scope]):
    walk(network, [f"token-alba {scope}" for scope in scopes], routes)


def test_what_is_the_networks_opens_to_tokens_without_bounds(network: Network, routes: list[str]):
    ours = [route for route in routes if by_route()[route].network]
    assert ours
    walk(network, [f"token-everywhere {scope}" for scope in Scope], ours)


def test_a_route_without_a_row_is_refused_to_everybody(network: Network, served: Served):
    @served.app.get("/nobody-thought-of-this")
    async def forgotten() -> dict[str, str]:
        return {"told": "everything"}

    try:
        for kind in ("admin", "token-everywhere"):
            answer = network.client(kind).get("/nobody-thought-of-this")
            assert answer.status_code == 403
            assert "everything" not in answer.text
        assert network.client("nobody").get("/nobody-thought-of-this").status_code == 401
    finally:
        _remove(served.app, "/nobody-thought-of-this")


def test_a_walk_would_notice_a_gate_that_lets_everybody_in(network: Network, routes: list[str], monkeypatch):
    """The negative control of the walks above."""
    monkeypatch.setattr(Row, "reach", lambda _row, _caller: NOTHING)
    with pytest.raises(AssertionError, match=re.escape("'staff-alba', 'GET /events'")):
        walk(network, ["staff-alba"], ["GET /events"])


def test_the_document_says_which_routes_need_a_token():
    for path, operations in create_app().openapi()["paths"].items():
        for method, operation in operations.items():
            everyone = by_route()[f"{method.upper()} {path}"].everyone
            assert operation["security"] == ([] if everyone else [{"token": []}])
            assert ("401" in operation["responses"]) is not everyone


def _remove(app: FastAPI, path: str) -> None:
    app.router.routes[:] = [each for each in app.router.routes if getattr(each, "path", None) != path]
    app.openapi_schema = None
