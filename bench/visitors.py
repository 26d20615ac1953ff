"""A browser that is signed in to an instance of ours, for what is measured or drawn on the pages."""

import datetime as dt
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext

from api.access.gate import COOKIE
from cli.database import reached
from cli.instances import use_database
from models.access.sign_ins import begin
from models.access.tables import SignInMethod
from models.directory import upsert_users
from models.inputs import UserIn
from models.people import Role

_NAME = "Eva Reis"
_LASTS = dt.timedelta(hours=1)


def admin_of(data: Path) -> str:
    """The secret of a new sign-in of an admin, of the instance that runs on a folder."""
    with reached(use_database(data)) as session:
        admins = {"eva": UserIn(name=_NAME, role=Role.ADMIN)}
        (user,) = upsert_users(session, admins, may_make_admins=True).values()
        return begin(session, user, SignInMethod.CODE, dt.datetime.now(dt.UTC) + _LASTS)


def sign_in(context: BrowserContext, address: str, secret: str) -> None:
    """Let a browser be signed in at the server of an address of this machine."""
    # It sends the cookie here without encryption too, but is to be given it in the name of https.
    url = f"https://{urlsplit(address).netloc}"
    context.add_cookies([{"name": COOKIE, "value": secret, "url": url, "secure": True, "httpOnly": True}])
