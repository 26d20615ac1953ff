"""`slotwise user`: who may sign in, where they act, and the one-time codes that let them in the first time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.options import DataOption, JsonOption, examples
from cli.output import Exit, FaultLine, Stop, answers, notes, print_json, refuse, table
from models.wording import counted

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

    from cli.client import Json
    from models.access.users import Listed
    from models.inputs import UserIn
    from models.people import User

app = typer.Typer(no_args_is_help=True, help="Say who may sign in, and hand out one-time codes.")

UserArgument = Annotated[str, typer.Argument(metavar="USER", help="The user, by external id or id.")]

Role = Literal["admin", "staff", "doctor"]
"""Those of `models.people.Role` that let somebody sign in."""

_CODE_HOURS = 24
_SIGN_IN = "/app/sign-in"
_OPTIONS = {"name": "--name", "email": "--email", "role": "--role", "hospitals": "--hospital"}


@app.command(
    epilog=examples("""
        slotwise user add eva --name "Eva Reis" --admin          the first admin
        slotwise user add rui --name "Rui Costa" --role staff --hospital mount-gambier
        slotwise user add D-017                    a doctor of the directory signs in
        slotwise user add ana --email ana@example.org --no-code     by OpenID Connect

        Somebody who is there already is changed: what is left out stays as it is.
        The code counts once, for 24 hours; whoever signs in with it chooses a
        password.
        """)
)
def add(
    external_id: Annotated[str, typer.Argument(metavar="EXTERNAL_ID", help="The id by which they sign in.")],
    *,
    name: Annotated[str | None, typer.Option(help="What they are called.")] = None,
    admin: Annotated[bool, typer.Option("--admin", help="The same as --role admin.")] = False,
    role: Annotated[Role | None, typer.Option(help="What they are.")] = None,
    hospital: Annotated[
        list[str] | None, typer.Option(metavar="HOSPITAL", help="Where staff act; repeat it for several.")
    ] = None,
    email: Annotated[str | None, typer.Option(help="Their address, by which they may sign in too.")] = None,
    code: Annotated[bool, typer.Option(help="Make a one-time code.")] = True,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a user, or change one, and make a one-time code by which they sign in."""
    from models.access.users import find_user  # noqa: PLC0415  # see cli/main.py

    if admin and role not in (None, "admin"):
        raise Stop(f"--admin and --role {role} are different roles; leave one of them out.", Exit.USAGE)
    asked = {"name": name, "role": "admin" if admin else role, "hospitals": hospital, "email": email}
    given = {field: value for field, value in asked.items() if value is not None}
    with _database(data) as session:
        known = find_user(session, external_id)
        user = _written(session, known.external_id if known else external_id, known, given, as_json=as_json)
        made = _code(session, user) if code else None
    if not as_json:
        what = f"{user.name} ({user.external_id}) is {'brought up to date' if known else 'added'} as {user.role}."
        answers().print(what, markup=False, soft_wrap=True)
    _tell_code(user, made, data, as_json=as_json)


@app.command(
    epilog=examples("""
        slotwise user code rui

        The code before it counts no more. To be told to that person alone.
        """)
)
def code(user: UserArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Make a new one-time code for somebody who has lost their password, or never had one."""
    with _database(data) as session:
        found = _found(session, user)
        made = _code(session, found)
    _tell_code(found, made, data, as_json=as_json)


@app.command(
    "list",
    epilog=examples("""
        slotwise user list --role admin
        slotwise user list --json | jq -r '.[] | select(.ways == []) | .external_id'
        """),
)
def list_(
    role: Annotated[Role | None, typer.Option(help="Only users of this role.")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who may sign in: how, where they act, and when they were last here."""
    from datetime import UTC, datetime  # noqa: PLC0415  # see cli/main.py

    from models import people  # noqa: PLC0415
    from models.access.users import list_users  # noqa: PLC0415
    from models.settings import settings  # noqa: PLC0415

    with _database(data) as session:
        chosen = people.Role(role) if role else None
        users = list_users(session, datetime.now(UTC), settings().sign_in_idle, chosen)
    if as_json:
        print_json([_for_programs(each) for each in users])
        return
    rows = table("user", "name", "role", "acts at", "signs in by", "signed in", "last seen (UTC)", right=("signed in",))
    for each in users:
        seen = f"{each.last_seen:%Y-%m-%d %H:%M}" if each.last_seen else "never"
        rows.add_row(
            each.user.external_id,
            each.user.name,
            each.user.role,
            _where(each),
            ", ".join(each.ways) or "nothing yet",
            str(each.sign_ins),
            seen,
        )
    answers().print(rows if users else "Nobody may sign in.")


@app.command(
    "sign-out",
    epilog=examples("""
        slotwise user sign-out rui

        It ends what is open now, and their one-time code. Who may not come back
        is made inactive where users are kept (`slotwise import users.csv`).
        """),
)
def sign_out(user: UserArgument, data: DataOption = None) -> None:
    """End all sign-ins of somebody, in every browser, at once."""
    from datetime import UTC, datetime  # noqa: PLC0415  # see cli/main.py

    from models.access.codes import drop_code  # noqa: PLC0415
    from models.access.sign_ins import end  # noqa: PLC0415

    with _database(data) as session:
        found = _found(session, user)
        ended = end(session, datetime.now(UTC), user=found.id)
        drop_code(session, found.id)
    answers().print(f"{found.name}: {counted(ended, 'sign-in')} ended.", markup=False)


@app.command(
    epilog=examples("""
        slotwise user hospitals rui mount-gambier hamilton
        slotwise user hospitals rui --none
        """)
)
def hospitals(
    user: UserArgument,
    hospital: Annotated[list[str] | None, typer.Argument(metavar="HOSPITAL...", help="All where they act.")] = None,
    nowhere: Annotated[bool, typer.Option("--none", help="They act nowhere any more.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say at which hospitals a member of staff acts, in place of those before."""
    if bool(hospital) == nowhere:
        raise Stop("Name the hospitals where they act, or give --none.", Exit.USAGE)
    with _database(data) as session:
        found = _found(session, user)
        _written(session, found.external_id, found, {"hospitals": hospital or []}, as_json=as_json)
    answers().print(f"{found.name} acts at {', '.join(hospital or []) or 'no hospital'}.", markup=False)


@contextmanager
def _database(data: "Path | None") -> "Iterator[Session]":
    from cli.database import reached  # noqa: PLC0415  # see cli/main.py
    from cli.instances import use_database  # noqa: PLC0415

    with reached(use_database(data)) as session:
        yield session


def _found(session: "Session", reference: str) -> "User":
    from models.access.users import find_user  # noqa: PLC0415  # see cli/main.py

    user = find_user(session, reference)
    if user is None:
        raise Stop(f"There is no user {reference!r}; `slotwise user add` makes one.")
    return user


def _written(
    session: "Session", external_id: str, known: "User | None", given: "Mapping[str, object]", *, as_json: bool
) -> "User":
    """Write a user: as they were, but for what is given.

    Raises
    ------
    Stop
        where that will not do; every fault has been told.

    """
    from models.access.users import as_written  # noqa: PLC0415  # see cli/main.py
    from models.directory import upsert_users  # noqa: PLC0415
    from models.faults import Refused  # noqa: PLC0415
    from models.people import User  # noqa: PLC0415

    before = as_written(session, known).model_dump() | {"active": True} if known else {}
    if known and given.get("role", known.role) != known.role:
        before |= {"specialties": [], "hospitals": []}  # of who they were
    wanted = _checked(before | dict(given), as_json=as_json)
    try:
        ids = upsert_users(session, {external_id: wanted}, may_make_admins=True)
    except Refused as refused:
        faults = [FaultLine(_option(fault.field), fault.value, fault.message) for fault in refused.faults]
        raise refuse("The command", faults, as_json=as_json) from None
    return session.get_one(User, ids[external_id], populate_existing=True)


def _checked(fields: "Mapping[str, object]", *, as_json: bool) -> "UserIn":
    from pydantic import ValidationError  # noqa: PLC0415  # see cli/main.py

    from models.inputs import UserIn  # noqa: PLC0415

    try:
        return UserIn.model_validate(fields)
    except ValidationError as error:
        faults = [
            FaultLine(
                _option(str(each["loc"][0]) if each["loc"] else ""),
                "" if each["type"] == "missing" else each["input"] if each["loc"] else "",
                "Say it: this user is new." if each["type"] == "missing" else f"It {each['msg']}.",
            )
            for each in error.errors()
        ]
        raise refuse("The command", faults, as_json=as_json, code=Exit.USAGE) from None


def _option(field: str) -> str:
    return _OPTIONS.get(field.partition("[")[0], "the user")


def _code(session: "Session", user: "User") -> "tuple[str, dt.datetime]":
    """A new one-time code, and when it expires."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415  # see cli/main.py

    from models.access.accounts import MAY_SIGN_IN  # noqa: PLC0415
    from models.access.codes import make_code  # noqa: PLC0415

    if not user.active or user.role not in MAY_SIGN_IN:
        why = f"their role is {user.role}" if user.active else "they are active no more"
        raise Stop(f"{user.name} may not sign in: {why}. `slotwise user add` changes that.")
    expires_at = datetime.now(UTC) + timedelta(hours=_CODE_HOURS)
    return make_code(session, user.id, expires_at, sets_password=True), expires_at


def _tell_code(user: "User", made: "tuple[str, dt.datetime] | None", data: "Path | None", *, as_json: bool) -> None:
    from cli.instances import known_api_address  # noqa: PLC0415  # see cli/main.py

    code, expires_at = made or (None, None)
    page = f"{known_api_address(data) or ''}{_SIGN_IN}"
    if as_json:
        told: dict[str, Json | dt.datetime | uuid.UUID] = {
            "id": user.id,
            "external_id": user.external_id,
            "code": code,
            "expires_at": expires_at,
            "sign_in": page,
        }
        print_json(told)
        return
    if expires_at is None:
        return
    out = answers()
    for name, value in (("Page", page), ("Name", user.external_id), ("Code", code)):
        out.print(f"  {name:10}{value}", markup=False, soft_wrap=True)
    notes().print(f"The code counts once, until {expires_at:%d %b %Y %H:%M} UTC. Tell it to {user.name} alone.")


def _where(each: "Listed") -> str:
    match each.user.role:
        case "admin":
            return "everywhere"
        case "doctor":
            return "where they are available"
        case _:
            return ", ".join(place.external_id for place in each.hospitals) or "nowhere"


def _for_programs(each: "Listed") -> "Json":
    return {
        "id": each.user.id,
        "external_id": each.user.external_id,
        "name": each.user.name,
        "email": each.user.email,
        "role": each.user.role,
        "hospitals": [place.external_id for place in each.hospitals],
        "ways": each.ways,
        "sign_ins": each.sign_ins,
        "last_seen": each.last_seen,
    }
