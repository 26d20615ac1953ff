"""A connection to the API that a command means: its address, and the access token that lets the command in."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import Exit, Stop
from models.settings import SECRETS

if TYPE_CHECKING:
    from cli.client import Api

TOKEN_VARIABLE = "SLOTWISE_TOKEN"  # noqa: S105  # its name


def connected(api: str | None, data: Path | None) -> "Api":
    """A connection to `api`, with the token of the environment; or to the instance that is meant, with its own.

    Raises
    ------
    Stop
        where no address is given and no instance runs, or the token is none.

    """
    from cli.client import Api  # noqa: PLC0415  # see cli/main.py
    from cli.instances import api_address, own_token_of, running_folder  # noqa: PLC0415

    address = api_address(api, data)
    if api:
        return Api(address, _token_of_environment())
    folder = running_folder(data)
    return Api(address, own_token_of(folder) if folder else None)


def _token_of_environment() -> str | None:
    """The token that somebody has set for this command. No option: other accounts can read a command's line."""
    file = SECRETS / TOKEN_VARIABLE.lower()
    token = os.environ.get(TOKEN_VARIABLE) or (file.read_text(encoding="utf-8") if file.is_file() else "")
    token = token.strip()
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise Stop(f"{TOKEN_VARIABLE} holds no access token: they are one word and begin with slw_.", Exit.UNREACHABLE)
    return token or None
