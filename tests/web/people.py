"""People with a browser of their own, who sign in as people do."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import SimpleCookie

import httpx
from sqlalchemy import insert
from sqlalchemy.orm import Session

from api.access.gate import COOKIE
from models.access import passwords
from models.access.tables import Account
from models.people import Role, User

PASSWORD = "seven green umbrellas"
OTHER = "nine purple saxophones"


@dataclass
class Person:
    """Somebody with a browser: one cookie, and what the forms of the page before carried.

    Of the cookie jars that programs have, none keeps a secure cookie of this machine's as browsers do.
    """

    api: httpx.Client
    cookie: str | None = None
    form_secret: str | None = None

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.seen(self.api.get(path, headers=self._cookie() | headers))

    def post(self, path: str, *, form_secret: str | None = None, **values: str) -> httpx.Response:
        """Send a form: with what it carried on the page before, unless something else is said."""
        carried = self.form_secret if form_secret is None else form_secret
        fields = values | ({"form_secret": carried} if carried else {})
        return self.seen(self.api.post(path, data=fields, headers=self._cookie()))

    def sign_in(self, name: str, password: str = PASSWORD, to: str = "") -> httpx.Response:
        return self.post("/app/sign-in", name=name, password=password, next=to)

    def seen(self, answer: httpx.Response) -> httpx.Response:
        """Do what a browser does with an answer."""
        for header in answer.headers.get_list("set-cookie"):
            if found := SimpleCookie(header).get(COOKIE):
                self.cookie = found.value or None
                self.form_secret = None
        if carried := re.search(r'name="form_secret" value="([^"]*)"', answer.text):
            self.form_secret = carried[1] or None
        return answer

    def is_signed_in(self) -> bool:
        return self.get("/app/account").status_code == 200

    def _cookie(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}


def hire(session: Callable[[], Session], external_id: str, role: Role = Role.STAFF, **more: str | bool) -> uuid.UUID:
    """A user who has a password (`PASSWORD`)."""
    with session() as opened:
        values = {"external_id": external_id, "name": external_id.title(), "role": role} | more
        user_id = opened.scalars(insert(User).values(values).returning(User.id)).one()
        opened.execute(insert(Account).values(user_id=user_id, password_hash=_hashed()))
    return user_id


_made: list[str] = []


def _hashed() -> str:
    """One hash for all tests: making one takes long."""
    if not _made:
        _made.append(passwords.hashed(PASSWORD))
    return _made[0]
