"""The access token of an instance's own terminal: what commands show to the API that they find by its data folder."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cli.database import reached
from cli.embedded.running import write_private
from cli.instances import own_token_of, token_file
from cli.output import Stop
from models.access.scopes import Scope
from models.access.tokens import make_token, revoke_secret

NAME = "this machine's terminal"

_DAYS = 30


@contextmanager
def announced_token(folder: Path) -> Iterator[None]:
    """Let commands that find the instance in its folder into its API, everywhere and to everything.

    Whoever can read the folder can read the database as well. The token counts for as long as the block lasts, or for
    thirty days; that of an instance that was killed counts until the next one starts.
    """
    whose, file = f"the instance on {folder}", token_file(folder)
    with reached(whose) as session:
        now = dt.datetime.now(dt.UTC)
        if before := own_token_of(folder):
            revoke_secret(session, before, now)
        _, secret = make_token(session, NAME, set(Scope), expires_at=now + dt.timedelta(days=_DAYS))
    write_private(file, f"{secret}\n")
    try:
        yield
    finally:
        with suppress(Stop), reached(whose) as session:  # a database that is gone by now: the next start revokes it
            revoke_secret(session, secret, dt.datetime.now(dt.UTC))
            file.unlink(missing_ok=True)
