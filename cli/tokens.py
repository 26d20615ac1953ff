"""`slotwise token`: the access tokens by which systems call the API."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DataOption, JsonOption, examples
from cli.output import Exit, FaultLine, Stop, answers, notes, print_json, refuse, table
from models.wording import counted

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from cli.client import Json
    from models.access.scopes import Scope
    from models.access.tokens import Listed

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke the access tokens of systems.")

_SCOPES = """
    schedule:read      schedule:write      requests:read      requests:write
    reschedules:read   reschedules:write   validation:read    validation:write
    directory:read     directory:write     operations:read    operations:write
    hospitals:write    calendars:write     events:read        audit:read
    access:write
"""

_LONGEST_DAYS = 3660


@app.command(
    epilog=examples(f"""
        slotwise token add "Patient portal" --scope requests:write --hospital mount-gambier
        slotwise token add directory --scope directory:read --scope directory:write
        slotwise token add nightly --scope validation:write --expires 2027-06-30
        token=$(slotwise token add script --scope schedule:read --json | jq -r .token)

        The scopes; docs/security.md says what each of them opens:
        {_SCOPES}
        The token is shown this once. A program sends it with every call:
        Authorization: Bearer slw_...
        """)
)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, as the audit tells of it.")],
    scope: Annotated[list[str], typer.Option(metavar="SCOPE", help="What it may do; repeat it for more.")],
    hospital: Annotated[
        list[str] | None,
        typer.Option(metavar="HOSPITAL", help="Where it acts; repeat it for more.", show_default="everywhere"),
    ] = None,
    expires: Annotated[
        str, typer.Option(metavar="WHEN", help="In days (90d), its last day (2027-06-30), or never.")
    ] = "90d",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token, and show it once."""
    from datetime import UTC, datetime  # noqa: PLC0415  # see cli/main.py

    from cli.database import reached  # noqa: PLC0415
    from cli.instances import use_database  # noqa: PLC0415
    from models.access.tokens import make_token  # noqa: PLC0415

    faults: list[FaultLine] = []
    scopes = _scopes(scope, faults)
    expires_at = _expiry(expires, datetime.now(UTC), faults)
    if not name.strip():
        faults.append(FaultLine("NAME", name, "Say what the token is for."))
    with reached(use_database(data)) as session:
        hospitals = _hospitals(session, hospital or [], faults)
        if faults:
            raise refuse("The command", faults, as_json=as_json, code=Exit.USAGE)
        made, secret = make_token(
            session, name.strip(), scopes, hospitals=hospitals if hospital else None, expires_at=expires_at
        )
    if as_json:
        print_json({"id": made.id, "name": made.name, "token": secret, "expires_at": expires_at})
        return
    where = f"at {', '.join(hospital)}" if hospital else "at every hospital, those to come among them"
    until = f"until {expires_at:%d %b %Y %H:%M} UTC" if expires_at else "until it is revoked"
    answers().print(secret, markup=False, soft_wrap=True)
    notes().print(
        f"{made.name} may {_told(scopes)}, {where}, {until}. The token is not shown again.",
        markup=False,
        soft_wrap=True,
    )


@app.command(
    "list",
    epilog=examples("""
        slotwise token list
        slotwise token list --all --json | jq -r '.[] | select(.status == "revoked") | .name'
        """),
)
def list_(
    every: Annotated[bool, typer.Option("--all", help="Those that were revoked too.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the tokens: what each may do, where, until when, and when it was last used."""
    from datetime import UTC, datetime  # noqa: PLC0415  # see cli/main.py

    from cli.database import reached  # noqa: PLC0415
    from cli.instances import use_database  # noqa: PLC0415
    from models.access.tokens import list_tokens  # noqa: PLC0415

    now = datetime.now(UTC)
    with reached(use_database(data)) as session:
        tokens = list_tokens(session, revoked=every)
    if as_json:
        print_json([_for_programs(each, now) for each in tokens])
        return
    rows = table("token", "name", "status", "expires (UTC)", "last used (UTC)", "where", "may")
    for each in tokens:
        token = each.token
        where = "everywhere" if token.everywhere else ", ".join(place.external_id for place in each.hospitals)
        expires, used = _day(token.expires_at) or "never", _day(token.last_used_at) or "never"
        rows.add_row(f"{token.prefix}…", token.name, each.status(now), expires, used, where, " ".join(token.scopes))
    answers().print(rows if tokens else "There is no token.")


@app.command(
    epilog=examples("""
        slotwise token revoke slw_Ab3xYz
        slotwise token revoke "Patient portal"
        """)
)
def revoke(
    which: Annotated[str, typer.Argument(metavar="TOKEN", help="Its first letters as listed, its name, or its id.")],
    data: DataOption = None,
) -> None:
    """Let a token count no more, at once and for good."""
    from datetime import UTC, datetime  # noqa: PLC0415  # see cli/main.py

    from cli.database import reached  # noqa: PLC0415
    from cli.instances import use_database  # noqa: PLC0415
    from models.access.tokens import find_tokens, revoke_token  # noqa: PLC0415

    with reached(use_database(data)) as session:
        found = find_tokens(session, which.removesuffix("…"))
        if len(found) > 1:
            letters = ", ".join(each.token.prefix for each in found)
            raise Stop(f"{counted(len(found), 'token')} are called that; name one by its first letters: {letters}.")
        if not found or not revoke_token(session, found[0].token.id, datetime.now(UTC)):
            raise Stop("There is no such token, or it is revoked already; `slotwise token list` shows all there are.")
    answers().print(f"{found[0].token.name} is revoked.", markup=False)


def _scopes(typed: "Sequence[str]", faults: list[FaultLine]) -> "set[Scope]":
    from models.access.scopes import Scope  # noqa: PLC0415  # see cli/main.py

    known = {each.value: each for each in Scope}
    faults += [
        FaultLine("--scope", each, f"There is no such scope; there are {', '.join(known)}.")
        for each in typed
        if each not in known
    ]
    return {known[each] for each in typed if each in known}


def _hospitals(session: "Session", typed: "Sequence[str]", faults: list[FaultLine]) -> "set[uuid.UUID]":
    from models.references import find_hospitals, unknown  # noqa: PLC0415  # see cli/main.py

    found = find_hospitals(session, typed)
    faults += [
        FaultLine("--hospital", each, unknown("hospital", "", each).message) for each in typed if each not in found
    ]
    return {hospital.id for hospital in found.values()}


def _expiry(typed: str, now: "dt.datetime", faults: list[FaultLine]) -> "dt.datetime | None":
    """The instant at which a token expires: days from now, or the end of a day in UTC. None: never."""
    import datetime as dt  # noqa: PLC0415  # see cli/main.py

    if typed == "never":
        return None
    latest = now + dt.timedelta(days=_LONGEST_DAYS)
    try:
        if typed.endswith("d"):
            found = now + dt.timedelta(days=int(typed[:-1]))
        else:
            midnight = dt.datetime.combine(dt.date.fromisoformat(typed), dt.time(), dt.UTC)
            found = midnight + dt.timedelta(days=1)
    except (ValueError, OverflowError):
        faults.append(FaultLine("--expires", typed, "Write days (90d), a date (2027-06-30), or never."))
        return None
    if not now < found <= latest:
        faults.append(FaultLine("--expires", typed, f"Choose a day from today to {latest:%Y-%m-%d}, or never."))
    return found


def _told(scopes: "set[Scope]") -> str:
    from models.access.scopes import WORDS  # noqa: PLC0415  # see cli/main.py

    return "; ".join(words for scope, words in WORDS.items() if scope in scopes)


def _for_programs(each: "Listed", now: "dt.datetime") -> "Json":
    token = each.token
    return {
        "id": token.id,
        "name": token.name,
        "prefix": token.prefix,
        "status": each.status(now),
        "scopes": token.scopes,
        "hospitals": None if token.everywhere else [place.external_id for place in each.hospitals],
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }


def _day(instant: "dt.datetime | None") -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else ""
