"""`slotwise import`: files of hospitals, people, working hours, appointments and requests into the database."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DataOption, JsonOption, examples
from cli.output import Exit, Stop, answers, notes, print_json, print_section, refuse, table
from models.files.columns import COLUMNS, template
from models.files.kinds import Kind
from models.wording import counted

if TYPE_CHECKING:
    from cli.files.storing import Stored
    from models.files.checking import Contents

EXAMPLES = examples("""
    slotwise import --template requests > requests.csv    to begin with
    slotwise import hospitals.csv hours.csv users.csv     all or nothing
    slotwise import --dry-run --kind patients export.csv  look for faults only
    slotwise import network.json       an object with a list under each kind
    slotwise sample --out sample && slotwise import sample/*.csv

    The kinds: hospitals, hours, users, patients, availabilities,
    appointments and requests. A file named after one (users.csv,
    2026-users.csv) needs no --kind; --columns KIND explains its columns. In
    JSON the same names are fields. Users and patients that are there already
    are brought up to date; hospitals, availabilities and appointments are
    added, under the rules that hold everywhere.
    """)


def import_(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="CSV or JSON; - is standard input.")
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option(metavar="KIND", help="What the files hold, where their names do not say.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, tell every fault, keep nothing.")] = False,
    template_of: Annotated[
        Kind | None, typer.Option("--template", metavar="KIND", help="Print a CSV header with an example line.")
    ] = None,
    columns_of: Annotated[
        Kind | None, typer.Option("--columns", metavar="KIND", help="Explain the columns of a kind.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring hospitals, people, working hours, appointments and requests in from files.

    All files go in together, in one transaction, or nothing does. Every fault
    is told with its file and line. It writes straight to the database: that of
    the running instance, or DATABASE_URL's.
    """
    if template_of:
        _print_template(template_of)
    elif columns_of:
        _print_columns(columns_of, as_json=as_json)
    elif files:
        _import(files, kind, data, keep=not dry_run, as_json=as_json)
    else:
        raise Stop(
            "Name the files to import, or ask for a --template. `slotwise import --help` has examples.", Exit.USAGE
        )


def _print_template(kind: Kind) -> None:
    import csv  # noqa: PLC0415  # see cli/main.py

    csv.writer(sys.stdout, lineterminator="\n").writerows(template(kind))


def _print_columns(kind: Kind, *, as_json: bool) -> None:
    from dataclasses import asdict  # noqa: PLC0415

    if as_json:
        print_json([asdict(column) for column in COLUMNS[kind]])
        return
    rows = table("column", "", "what it holds", "example")
    for column in COLUMNS[kind]:
        about = f"{column.about}; several apart by |" if column.many else column.about
        rows.add_row(column.name, "required" if column.required else "", about, column.example)
    print_section(answers(), f"Columns of {kind}.csv", rows)


def _import(files: list[Path], kind: Kind | None, data: Path | None, *, keep: bool, as_json: bool) -> None:
    from cli.files.reading import read_files, told  # noqa: PLC0415
    from cli.instances import use_database  # noqa: PLC0415
    from models.files.checking import Unreadable  # noqa: PLC0415

    try:
        contents = read_files(files, kind)
    except Unreadable as unreadable:
        raise refuse(_names(files), told(unreadable.faults), as_json=as_json) from None
    stored = _store(contents, use_database(data), label=_names(files), keep=keep)
    if stored.faults:
        if stored.not_tried:
            notes().print(f"Not tried, since they refer to what is refused: {', '.join(stored.not_tried)}.")
        raise refuse(_names(files), stored.faults, as_json=as_json)
    if keep and stored.batch and os.environ["REDIS_URL"]:
        from workers.bell import ring  # noqa: PLC0415

        ring()
    _tell(stored, keep=keep, as_json=as_json)


def _store(contents: "Contents", whose: str, label: str, *, keep: bool) -> "Stored":
    from datetime import UTC, datetime  # noqa: PLC0415

    from cli.database import reached  # noqa: PLC0415
    from cli.files.storing import Store  # noqa: PLC0415
    from cli.progress import counting  # noqa: PLC0415

    total = sum(len(rows) for rows in contents.bundle.by_kind.values())
    with counting("Importing", total) as advance, reached(whose) as session:
        stored = Store(session, datetime.now(UTC), advance).write(contents.bundle, contents.origins, label)
        if stored.faults or not keep:
            session.rollback()
    return stored


def _tell(stored: "Stored", *, keep: bool, as_json: bool) -> None:
    if as_json:
        rows = {kind.value: number for kind, number in stored.rows.items()}
        print_json({"imported": keep, "rows": rows, "batch": stored.batch if keep else None})
        return
    told = ", ".join(counted(number, *kind.row) for kind, number in stored.rows.items()) or "Nothing"
    answers().print(f"{told}: {'imported' if keep else 'no fault found, nothing kept (--dry-run)'}.")
    if keep and stored.batch:
        answers().print(f"The requests are queued as batch {stored.batch}; `slotwise status` shows how far they are.")


def _names(files: list[Path]) -> str:
    return ", ".join("standard input" if str(file) == "-" else file.name for file in files)
