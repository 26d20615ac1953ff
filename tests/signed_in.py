"""An admin who is signed in, for tests that are about something else."""

from collections.abc import Generator

import httpx
from sqlalchemy import Connection, text

from api.access.gate import COOKIE, FORM_HEADER
from models.access.secrets import digest, form_secret

SECRET = "an-admin-of-the-tests"
NAME = "Admin of the tests"
EXTERNAL_ID = "tests-admin"

HEADERS = {"Cookie": f"{COOKIE}={SECRET}", FORM_HEADER: form_secret(SECRET)}
"""What the admin's browser sends."""


class Browser(httpx.Auth):
    """The admin's browser: it sends what it must, besides the cookies that it is given meanwhile."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        theirs = request.headers.get("Cookie")
        request.headers["Cookie"] = f"{theirs}; {HEADERS['Cookie']}" if theirs else HEADERS["Cookie"]
        request.headers.setdefault(FORM_HEADER, HEADERS[FORM_HEADER])
        yield request


def sign_in_admin(connection: Connection) -> None:
    """Let the admin be there and signed in; doing it twice does nothing."""
    connection.execute(
        text("INSERT INTO app_user (external_id, name, role) VALUES (:id, :name, 'admin') ON CONFLICT DO NOTHING"),
        {"id": EXTERNAL_ID, "name": NAME},
    )
    connection.execute(
        text(
            "INSERT INTO sign_in (user_id, secret_sha256, method, must_set_password, last_seen_at, expires_at)"
            " SELECT id, :secret, 'password', false, now() + interval '1 day', now() + interval '1 day'"
            " FROM app_user WHERE external_id = :id ON CONFLICT DO NOTHING"
        ),
        {"id": EXTERNAL_ID, "secret": digest(SECRET)},
    )
