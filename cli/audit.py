"""`slotwise audit`: who did what, who was shown which patient, and whether anybody changed that."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DataOption, JsonOption, examples
from cli.output import FaultLine, Stop, answers, notes, print_json, refuse, table
from models.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from models.audit.archive import Part
    from models.audit.searching import Told

app = typer.Typer(no_args_is_help=True, help="Search the audit, verify that nobody changed it, and archive it.")

SEARCH_EXAMPLES = examples("""
    slotwise audit search --patient P-4711
    slotwise audit search --actor d-17 --from 2026-12-01
    slotwise audit search --patient P-4711 --action read --json

    That a patient was searched for is written into the audit too.
    """)
VERIFY_EXAMPLES = examples("""
    slotwise audit verify                       prints the head of the chain
    slotwise audit verify --head 5f2c...        and the chain must go through it
    slotwise audit verify --archive /mnt/audit  and what was archived there

    Keep the head where nobody has access who may change the database: only so
    is it found out when somebody writes the whole chain anew. Exit code 1: the
    audit is not as it was written.
    """)
ARCHIVE_EXAMPLES = examples("""
    OWNER_DATABASE_URL=postgresql+psycopg://slotwise:secret@db/slotwise \\
    slotwise audit archive --before 2026-01-01 --to /mnt/audit

    Only the owner of the tables may do it. What is sealed before that day is
    written, read back and verified, and then deleted from the database; killed
    at any moment, it goes on where it was. Words of patients who were erased
    since the last time are taken away from the archive. Copy the folder
    before you need it: nothing else has what it holds.
    """)


@app.command(epilog=SEARCH_EXAMPLES)
def search(  # noqa: PLR0917  # one for each option
    patient: Annotated[str | None, typer.Option(metavar="ID", help="By external id or id.")] = None,
    doctor: Annotated[str | None, typer.Option(metavar="ID", help="By external id or id.")] = None,
    appointment: Annotated[str | None, typer.Option(metavar="ID", help="By id.")] = None,
    actor: Annotated[str | None, typer.Option(metavar="WHO", help="By external id, id or name.")] = None,
    action: Annotated[
        str | None, typer.Option(metavar="WHAT", help="insert, update, delete, read, sign_in ...")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="DATE", help="From this date on, in UTC.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Up to this date, itself included.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many.")] = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was done, newest first."""
    import datetime as dt  # noqa: PLC0415  # see cli/main.py
    import uuid  # noqa: PLC0415

    from cli.acting import as_operator  # noqa: PLC0415
    from cli.database import reached  # noqa: PLC0415
    from cli.instances import use_database  # noqa: PLC0415
    from models.audit import readings, searching  # noqa: PLC0415
    from models.faults import Refused  # noqa: PLC0415

    first, last = _date("--from", since), _date("--to", until)
    try:
        wanted = searching.Wanted(
            patient=patient,
            doctor=doctor,
            appointment=uuid.UUID(appointment) if appointment else None,
            actor=actor,
            action=action,
            since=first,
            until=last + dt.timedelta(days=1) if last else None,
        )
    except ValueError:
        raise Stop(f"--appointment {appointment} is no id; copy it from the appointment's page or answer.") from None
    readings.watch("slotwise audit search")
    try:
        with as_operator(), reached(use_database(data)) as session:
            told = searching.search(session, wanted, limit)
    except Refused as refused:
        lines = [FaultLine(f"--{fault.field}", fault.value, fault.message) for fault in refused.faults]
        raise refuse("Nothing was searched for", lines, as_json=as_json) from refused
    if as_json:
        print_json([_as_json(each) for each in told])
    else:
        _show(told)


@app.command(epilog=VERIFY_EXAMPLES)
def verify(
    head: Annotated[str | None, typer.Option(metavar="HASH", help="What was printed before, and kept.")] = None,
    archive: Annotated[
        list[Path] | None, typer.Option(metavar="FOLDER", help="What was archived there, too; may be repeated.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute the chain over the audit anew, and tell every entry and seal that is not as it was written."""
    from cli.database import reached  # noqa: PLC0415  # see cli/main.py
    from cli.instances import use_database  # noqa: PLC0415
    from cli.progress import working  # noqa: PLC0415
    from models.audit import verifying  # noqa: PLC0415
    from models.audit.archive import verify_archive  # noqa: PLC0415

    whose = use_database(data)
    head = head.strip().lower() if head else None
    with working("Verifying the audit") as progress:

        def tell(done: int) -> None:
            progress(f"{done:,} entries verified")

        archived = verify_archive(_parts(archive), head, tell) if archive else None
        with reached(whose) as session:
            found = verifying.verify(session, head, tell, archived)
    if as_json:
        print_json(
            {
                "entries": found.entries,
                "seals": found.number,
                "archived": found.archived,
                "head": found.head.hex(),
                "faults": found.faults,
            }
        )
    else:
        seals = found.number - (0 if archived else found.archived)
        notes().print(f"{counted(found.entries, 'entry', 'entries')} in {counted(seals, 'seal')} verified.")
        if found.archived and not archived:
            notes().print(f"Those up to seal {found.archived} are archived; --archive FOLDER verifies them, too.")
        if found.head:
            answers().print(found.head.hex(), markup=False, highlight=False, soft_wrap=True)
        for fault in found.faults:
            notes().print(fault, style="red", markup=False)
    if found.faults:
        raise Stop("The audit is not as it was written.")


@app.command(epilog=ARCHIVE_EXAMPLES)
def archive(
    before: Annotated[str, typer.Option(metavar="DATE", help="What was sealed before this date, in UTC.")],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the archive is, or is to be.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move the oldest part of the audit out of the database into files that anyone can verify."""
    from cli.database import reached  # noqa: PLC0415  # see cli/main.py
    from cli.instances import use_owners_database  # noqa: PLC0415
    from cli.progress import working  # noqa: PLC0415
    from models.audit.archive import NotAnArchive  # noqa: PLC0415
    from models.audit.archiving import ArchiveRefused, archive_part, check_folder, erase_words, make_room  # noqa: PLC0415

    until = _date("--before", before)
    assert until is not None  # noqa: S101  # the option is
    whose = use_owners_database(data)
    entries = parts = 0
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        with working("Archiving the audit") as progress:
            with reached(whose) as session:
                erased = sum(erase_words(session, each) for each in check_folder(session, to))
            while True:
                with reached(whose) as session:
                    part = archive_part(session, to, until)
                if part is None:
                    break
                entries, parts = entries + part.entries, parts + 1
                progress(f"{entries:,} entries archived")
            if parts:
                progress("Making room in the database")
                make_room()
    except (ArchiveRefused, NotAnArchive) as refused:
        raise Stop(str(refused)) from refused
    except OSError as error:
        told = f"{error.filename or to}: {error.strerror}"
        raise Stop(f"{told}. Nothing was deleted that is not in {to}; run it again.") from error
    if as_json:
        print_json({"entries": entries, "parts": parts, "words_erased": erased})
        return
    done = f"{counted(entries, 'entry', 'entries')} archived in {counted(parts, 'part')} in {to}."
    notes().print(done if parts else f"Nothing was sealed before {before}; there is nothing to archive.", markup=False)
    if erased:
        notes().print(f"The words of {counted(erased, 'entry', 'entries')} were taken away: of patients erased since.")


def _parts(folders: "Sequence[Path]") -> "list[Part]":
    from models.audit.archive import NotAnArchive, parts_of  # noqa: PLC0415  # see cli/main.py

    try:
        found = [part for folder in folders for part in parts_of(folder)]
    except NotAnArchive as error:
        raise Stop(str(error)) from error
    if not found:
        raise Stop(f"There is no archive in {', '.join(map(str, folders))}.")
    return sorted(found, key=lambda part: part.first)


def _date(option: str, text: str | None) -> "datetime | None":
    from datetime import UTC, date, datetime, time  # noqa: PLC0415

    from cli.output import Exit  # noqa: PLC0415

    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC) if text else None
    except ValueError:
        raise Stop(f"{option} {text} is no date; write it like 2026-12-31.", Exit.USAGE) from None


def _show(told: "Sequence[Told]") -> None:
    rows = table("at (UTC)", "who", "did", "to", "what")
    for each in told:
        entry = each.entry
        who = entry.actor_name if entry.actor_kind == "user" else f"{entry.actor_kind} {entry.actor_name}"
        rows.add_row(f"{entry.at:%d %b %Y %H:%M:%S}", who, entry.action, entry.kind, _change(each))
    answers().print(rows)


def _change(told: "Told") -> str:
    """What changed, as `name: before → after`; of what was added, deleted or read, the names alone."""
    before, after = told.entry.before or {}, told.entry.after or {}
    if told.detail:
        before, after = before | (told.detail.before or {}), after | (told.detail.after or {})
    names = [name for name in sorted(before | after) if before.get(name) != after.get(name) and name != "words"]
    if told.entry.action != "update":
        return ", ".join(f"{name} {(after or before)[name]}" for name in names if (after or before)[name] is not None)
    return ", ".join(f"{name}: {before.get(name)} → {after.get(name)}" for name in names)


def _as_json(told: "Told") -> dict[str, object]:
    entry, detail = told.entry, told.detail
    names = ("id", "at", "actor_kind", "actor_id", "actor_name", "action", "kind", "subjects", "before", "after")
    values = {name: getattr(entry, name) for name in (*names, "request_id", "address", "database_role")}
    return values | {"words": {"before": detail.before, "after": detail.after} if detail else None}
