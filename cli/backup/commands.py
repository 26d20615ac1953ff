"""`slotwise backup`: copies of an instance's data, and its restore to any minute since."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DataOption, JsonOption, examples
from cli.output import Exit, Stop, answers, notes, print_json, table
from models.wording import counted

if TYPE_CHECKING:
    from cli.backup.store import Base, Store
    from cli.backup.taking import Source
    from models.restored import Resumed

app = typer.Typer(
    no_args_is_help=True,
    help="Back up what `slotwise up` keeps in its data folder, and restore it to any minute since.",
)

SETUP_EXAMPLES = examples("""
    slotwise backup setup /mnt/backups/slotwise

    Choose a folder on another disk, at best of another machine. From its next
    start on the instance archives its log there: every 16 MB, and after a
    minute at the latest.
    """)
TAKE_EXAMPLES = examples("""
    slotwise backup take                once a day, say; the instance goes on

    The backup is verified before it counts.
    """)
RESTORE_EXAMPLES = examples("""
    slotwise backup restore /mnt/backups/slotwise --data /srv/restored
    slotwise backup restore /mnt/backups/slotwise --to 2026-12-01T09:30:00+01:00 --over

    Without --to as it was last. With --over the data folder's own data is kept
    aside, in it. docs/operations.md says what to do before and after.
    """)
PRUNE_EXAMPLES = examples("""
    slotwise backup prune --keep 7      the newest seven, and the log since the oldest of them
    """)
RESTORED_EXAMPLES = examples("""
    OWNER_DATABASE_URL=... DATABASE_URL=... \\
    slotwise backup restored --to 2026-12-01T09:30:00+01:00

    For a PostgreSQL of your own, when it has been restored and before anything
    else is started; `slotwise backup restore` does it by itself.
    """)

ToOption = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="As in 2026-12-01T09:30:00+01:00, with its offset.")
]
FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="The backup folder.")]


@app.command(epilog=SETUP_EXAMPLES)
def setup(folder: FolderArgument, data: DataOption = None) -> None:
    """Choose where backups are kept, and have the log archived there."""
    from cli.backup.programs import Programs  # noqa: PLC0415  # see cli/main.py
    from cli.backup.store import make_store  # noqa: PLC0415
    from cli.embedded import find_running  # noqa: PLC0415
    from cli.embedded.archiving import set_backup_folder  # noqa: PLC0415

    place = _data_folder(data)
    files = place / "postgresql"
    if not files.is_dir():
        raise Stop(f"{place} holds no data to back up. Start the instance once: slotwise up.", Exit.USAGE)
    if folder.absolute().is_relative_to(place.absolute()):
        raise Stop(f"{folder} lies in the data folder and would be lost with it. Choose another disk.", Exit.USAGE)
    programs = Programs(place)
    make_store(folder, programs.cluster(files), programs.account)
    set_backup_folder(place, folder)
    answers().print(f"Backups of {place} are kept in {folder.absolute()}.", markup=False, soft_wrap=True)
    first = "End the instance, start it again" if find_running(place) else "Start the instance"
    notes().print(f"{first}, then: slotwise backup take")


@app.command(epilog=TAKE_EXAMPLES)
def take(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Copy the running instance's data into its backup folder, and verify the copy."""
    from datetime import UTC  # noqa: PLC0415  # see cli/main.py

    from cli.progress import counting  # noqa: PLC0415

    source, store = _running(data)
    done = 0
    with counting("Copying", 100) as advance:

        def percent(now: int) -> None:
            nonlocal done
            advance(now - done)
            done = now

        base = source.take(store, datetime.now(UTC), percent)
    if as_json:
        print_json(_told(base, store))
    else:
        answers().print(str(store.of(base)), markup=False, soft_wrap=True)
    if failing := source.failing():
        raise Stop(
            f"The copy is whole, but the log is not archived: {failing} fails, so nothing later can be restored. "
            "The instance's logs/postgresql.log says why."
        )


@app.command("list")
def list_(
    folder: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="Otherwise that of the data folder.")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the backups, and to what times they can be restored."""
    from cli.backup.store import mebibytes, open_store  # noqa: PLC0415  # see cli/main.py

    store = open_store(folder or _chosen_folder(_data_folder(data)))
    bases, newest = store.bases(), store.newest_log()
    if as_json:
        print_json({"backups": [_told(base, store) for base in bases], "log_until": newest})
        return
    rows = table("backup", "restores to", "size", right=["size"])
    for base in bases:
        rows.add_row(base.name, f"{base.to.astimezone():%d %b %Y %H:%M:%S} or later", mebibytes(base.size))
    answers().print(rows)
    if newest:
        notes().print(f"The log was last archived at {newest:%d %b %Y %H:%M:%S}: that late, at the latest.")
    if not bases:
        raise Stop(f"There is no backup in {store.folder}: slotwise backup take.")


@app.command(epilog=RESTORE_EXAMPLES)
def restore(
    folder: FolderArgument,
    to: ToOption = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where it is restored to.", show_default=".data of the checkout"),
    ] = None,
    over: Annotated[bool, typer.Option("--over", help="Where there is data already: keep that aside.")] = False,
) -> None:
    """Restore an instance's data as it was at a time. It must not run."""
    from cli.backup.restoring import restore as restored_from  # noqa: PLC0415  # see cli/main.py
    from cli.backup.store import open_store  # noqa: PLC0415
    from cli.embedded.archiving import backup_folder  # noqa: PLC0415
    from cli.progress import working  # noqa: PLC0415

    place, store = _data_folder(data), open_store(folder)
    with working("Restoring") as say:
        made = restored_from(store, place, _time(to), over=over, say=say)
    out = answers()
    last = f"; its last change is of {made.to.astimezone():%d %b %Y %H:%M:%S}" if made.to else ""
    out.print(f"{place} holds the backup {made.base.name}{last}.", markup=False, soft_wrap=True)
    if made.aside:
        out.print(f"What it held before is in {made.aside}.", markup=False, soft_wrap=True)
    _tell(made.resumed)
    if backup_folder(place) is None:
        notes().print("It archives no log as yet: slotwise backup setup.")


@app.command(epilog=PRUNE_EXAMPLES)
def prune(
    keep: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="The newest so many backups stay.")],
    folder: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="Otherwise that of the data folder.")] = None,
    data: DataOption = None,
) -> None:
    """Remove old backups, and the log that only they need."""
    from cli.backup.programs import Programs  # noqa: PLC0415  # see cli/main.py
    from cli.backup.store import open_store  # noqa: PLC0415
    from cli.backup.timelines import current, leading_to, read_timelines  # noqa: PLC0415
    from cli.embedded.archiving import SUFFIX  # noqa: PLC0415

    place = _data_folder(data)
    store = open_store(folder or _chosen_folder(place))
    with store.alone():
        store.sweep()
        bases, timelines = store.bases(), read_timelines(store.log)
        # What a restore has undone does not count: nothing can be restored from it that came after.
        lasting = leading_to(store, bases, timelines, current(timelines, bases, None))
        old = bases[: bases.index(lasting[-keep:][0])] if lasting else []
        for base in old:
            store.remove(base)
        if old:
            first = bases[len(old)].first_log
            Programs(place).run("pg_archivecleanup", "--strip-extension", SUFFIX, store.log, first)
    answers().print(f"{counted(len(old), 'backup')} removed, {len(bases) - len(old):,} kept.")


@app.command(epilog=RESTORED_EXAMPLES)
def restored(to: ToOption = None) -> None:
    """Make a PostgreSQL of your own fit to be worked with, once it has been restored."""
    from cli.backup.resuming import resume_at  # noqa: PLC0415  # see cli/main.py
    from cli.migrate import addresses  # noqa: PLC0415

    owners, _ = addresses()
    _tell(resume_at(owners, _time(to)))


def _tell(resumed: "Resumed") -> None:
    """Say what was let go of, and what only a person can put right."""
    out = notes()
    queued = [
        counted(number, noun)
        for number, noun in (
            (resumed.requests, "booking request"),
            (resumed.reschedules, "reschedule"),
            (resumed.reports, "validation"),
        )
        if number
    ]
    if queued:
        out.print(f"Queued again, since workers had them: {', '.join(queued)}.")
    out.print(f"{counted(resumed.sign_ins, 'sign-in')} ended: everybody signs in anew.")
    out.print(
        f"{counted(resumed.tokens, 'access token')} may be used. What was revoked, erased or set anew since wants "
        "that again: docs/operations.md, Backup and restore."
    )


def _running(data: Path | None) -> "tuple[Source, Store]":
    """The running instance that is meant, and its backup folder."""
    from cli.backup.programs import Programs  # noqa: PLC0415  # see cli/main.py
    from cli.backup.store import open_store  # noqa: PLC0415
    from cli.backup.taking import Source  # noqa: PLC0415
    from cli.embedded import find_running  # noqa: PLC0415
    from cli.instances import running_folder  # noqa: PLC0415

    place = running_folder(data and data.absolute())
    running = place and find_running(place)
    if not place or not running:
        where = f"on {data}" if data else "here"
        raise Stop(
            f"No instance runs {where}; a backup is taken while it does. Start it: slotwise up.", Exit.UNREACHABLE
        )
    source = Source(place, running)
    return source, open_store(_chosen_folder(place), Programs(place).cluster(place / "postgresql"))


def _chosen_folder(place: Path) -> Path:
    from cli.embedded.archiving import backup_folder  # noqa: PLC0415  # see cli/main.py

    folder = backup_folder(place)
    if folder is None:
        raise Stop(f"No backup folder was chosen for {place}: slotwise backup setup FOLDER.", Exit.USAGE)
    return folder


def _data_folder(data: Path | None) -> Path:
    from cli.instances import running_folder, up_folder  # noqa: PLC0415  # see cli/main.py

    return (data or running_folder(None) or up_folder()).absolute()


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise Stop(f"--to {text} is no time; write it with its offset, like 2026-12-01T09:30:00+01:00.", Exit.USAGE)
    return time


def _told(base: "Base", store: "Store") -> dict[str, object]:
    return {"backup": base.name, "folder": store.of(base), "restores_to": base.to, "size": base.size}
