"""Restoring a backup: a copy and the log after it become a data folder, which takes its place only when it is whole.

PostgreSQL itself replays the log, in a folder beside the data, up to the wanted time; then `models.restored` makes the
database fit to be worked with. What was in the data folder before is kept aside.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.backup.programs import Programs
from cli.backup.store import Base, Store, mebibytes
from cli.backup.timelines import Timeline, current, leading_to, newest_segment, position, read_timelines
from cli.embedded.archiving import fetch_command
from cli.embedded.errors import EmbeddedError, ProcessFailed
from cli.embedded.folder import locked, make_data_folder, socket_folder
from cli.embedded.keeper import Process
from cli.embedded.orphans import end_marked
from cli.embedded.postgresql import PostgreSQL
from cli.embedded.running import write_private
from cli.embedded.supervisor import Supervisor
from cli.output import Exit, Stop

if TYPE_CHECKING:
    from models.restored import Resumed

_LOG_FILE = re.compile(r"[0-9A-F]{24}|[0-9A-F]{8}\.history")
_FETCHED = re.compile(r'restored log file "([0-9A-F]{24})"')
_REACHED = re.compile(r"last completed transaction was at log time (\S+ \S+)")
_NOT_REACHED = "recovery ended before configured recovery target was reached"
_LONG = 7 * 24 * 3600.0  # seconds: as long as there is log to replay


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it. `to` is the last transaction that is in it; `aside` is where the old data is, if there was."""

    base: Base
    to: datetime | None
    aside: Path | None
    resumed: "Resumed"


@dataclass(frozen=True, slots=True)
class Target:
    """The copy to begin with, the time to replay the log to (None: to its end), and the timeline to follow."""

    base: Base
    to: datetime | None
    timeline: int


def choose(store: Store, to: datetime | None, timelines: Mapping[int, Timeline]) -> Target:
    """The newest copy from which a time can be reached.

    Raises
    ------
    Stop
        where there is none.

    """
    bases = store.bases()
    if not bases:
        raise Stop(f"There is no backup in {store.folder}.")
    reaching = [base for base in bases if to is None or base.to <= to]
    if not reaching:
        first = bases[0].to.astimezone(UTC)
        raise Stop(f"The oldest backup in {store.folder} can be restored to {first:%Y-%m-%dT%H:%M:%SZ} or later.")
    number = current(timelines, bases, to)
    leading = leading_to(store, reaching, timelines, number)
    if not leading:
        raise Stop(f"All backups in {store.folder} from before then are of what a restore has undone.")
    return Target(leading[-1], to, number)


def restore(store: Store, data: Path, to: datetime | None, *, over: bool, say: Callable[[str], None]) -> Restored:
    """Make a data folder of a backup as it was at `to`; None: as it was last. `say` hears what is waited for.

    `over`: even where the folder holds data, which is kept aside.

    Raises
    ------
    Stop
        where an instance runs on the folder, it holds data, the log does not reach so far, or it fails; the folder is
        as it was then.

    """
    programs = Programs(data)
    old = data / "postgresql"
    added = _log_of(old, store, programs)
    target = choose(store, to, read_timelines(*added, store.log))
    base = target.base
    try:
        make_data_folder(data, programs.account)
        with locked(data), store.alone(), ExitStack() as stack:
            if old.exists() and not over:
                raise Stop(f"{data} holds data. Name a new folder, or keep it aside by --over.", Exit.USAGE)
            if (free := shutil.disk_usage(data).free) < base.size:
                raise Stop(f"The backup takes {mebibytes(base.size)}, and {data} has room for {mebibytes(free)}.")
            work = stack.enter_context(_work_folder(data))
            say("Verifying the backup")
            programs.run("pg_verifybackup", "--quiet", store.of(base) / "data")
            say("Copying the backup")
            _copy(store.of(base), work, programs)
            _add_log(added, work, programs)
            reached, resumed = _recover(store, work, programs, target, say)
            return Restored(base, reached, _take_place(work, data), resumed)
    except EmbeddedError as error:
        raise Stop(str(error), Exit.UNREACHABLE) from error
    except OSError as error:
        raise Stop(f"{data} could not be restored: {error}. What it held is as it was.") from error


@contextmanager
def _work_folder(data: Path) -> Iterator[Path]:
    """A folder beside the data; what is left in it is removed at the end."""
    work = data / "restoring"
    if work.exists():
        end_marked(work / "logs")
        shutil.rmtree(work)
    work.mkdir(mode=0o711)
    work.chmod(0o711)
    try:
        yield work
    finally:
        shutil.rmtree(work)


def _copy(source: Path, work: Path, programs: Programs) -> None:
    """Copy a backup so that the server's account owns it, with whatever owner it has come from another disk."""

    def copied(here: str, there: str) -> str:
        shutil.copyfile(here, there)
        Path(there).chmod(0o600)
        programs.account.own(Path(there))
        return there

    shutil.copytree(source / "data", work / "postgresql", copy_function=copied)
    for top, _, _ in os.walk(work / "postgresql"):
        Path(top).chmod(0o700)
        programs.account.own(Path(top))
    write_private(work / "secrets.json", (source / "secrets.json").read_text(encoding="utf-8"))


def _log_of(old: Path, store: Store, programs: Programs) -> list[Path]:
    """Where the log of the old data is, if it is there and goes on with what the store keeps."""
    if not (old / "pg_wal").is_dir():
        return []
    try:
        return [old / "pg_wal"] if programs.cluster(old) == store.cluster else []
    except Stop:  # it is past reading
        return []


def _add_log(folders: list[Path], work: Path, programs: Programs) -> None:
    """Add what the old data's log holds and the archive does not: the last minute before a crash.

    Source: PostgreSQL 18 manual, Recovering Using a Continuous Archive Backup.
    """
    for file in (file for folder in folders for file in folder.iterdir() if _LOG_FILE.fullmatch(file.name)):
        there = work / "postgresql" / "pg_wal" / file.name
        shutil.copyfile(file, there)
        there.chmod(0o600)
        programs.account.own(there)


def _recover(
    store: Store, work: Path, programs: Programs, target: Target, say: Callable[[str], None]
) -> "tuple[datetime | None, Resumed]":
    """Let PostgreSQL replay the log up to the time, and make the database fit to be worked with."""
    from cli.backup.resuming import resume_at  # noqa: PLC0415  # see cli/main.py
    from cli.migrate import bring_up_to_date  # noqa: PLC0415

    with socket_folder(work, programs.account) as sockets, Supervisor(work / "logs") as supervisor:
        server = PostgreSQL(work, sockets, programs.account)
        signal = server.data / "recovery.signal"
        signal.touch(mode=0o600)
        programs.account.own(signal)
        log = work / "logs" / "postgresql.log"
        try:
            supervisor.start(_recovering(server, store, target, lambda: say(_how_far(log))))
        except ProcessFailed as error:
            raise _broken_off(log, store, target) or _not_reached(log, store, target.to) or error from error
        if target.to is None and (broken := _broken_off(log, store, target)):
            raise broken
        last = [datetime.fromisoformat(told) for told in _REACHED.findall(log.read_text(encoding="utf-8"))]
        say("Making it fit to be worked with")
        bring_up_to_date(server.url, server.application_url)
        resumed = resume_at(server.url, target.to or (last[-1] if last else None))
        return (last[-1] if last else None), resumed


def _recovering(server: PostgreSQL, store: Store, target: Target, look: Callable[[], None]) -> Process:
    """The server that replays the log: it lets nobody in until it is done, and ends where it cannot be.

    It archives nothing as long as nobody works with what it restores, but keeps all that the instance has to archive
    first when it starts: the history of the new timeline, without which nobody would find what comes after.
    """
    process = server.process()
    options = {
        "archive_mode": "on",
        "archive_command": "",
        "hot_standby": "off",
        "restore_command": fetch_command(store.folder),
        "recovery_target_timeline": str(target.timeline),
        "recovery_target_action": "promote",
    }
    if target.to:
        options["recovery_target_time"] = target.to.astimezone(UTC).isoformat(" ")

    def ready() -> bool:
        look()
        return process.ready()

    argv = [*process.argv, *(f"--{name}={value}" for name, value in options.items())]
    return replace(process, argv=argv, ready=ready, attempts=1, patience=_LONG)


def _how_far(log: Path) -> str:
    fetched = _FETCHED.findall(log.read_text(encoding="utf-8")) if log.exists() else []
    return f"Replaying the log, file {len(fetched)}" if fetched else "Replaying the log"


def _broken_off(log: Path, store: Store, target: Target) -> Stop | None:
    """Why not all of the archived log was replayed: PostgreSQL takes what it cannot read for the end."""
    text = log.read_text(encoding="utf-8")
    until = max(_FETCHED.findall(text), key=position, default=None)
    newest = newest_segment(store, target.timeline)
    if newest is None or position(newest) < position(target.base.first_log):
        return None
    if until and position(until) >= position(newest):
        return None
    last = _REACHED.findall(text)
    before = f" What comes before can be restored: say a --to before {last[-1]}." if last else ""
    return Stop(
        f"The log in {store.folder} lacks a file, or one is damaged: it could be read up to {until or 'its begin'}, "
        f"and goes on to {newest}.{before}"
    )


def _not_reached(log: Path, store: Store, to: datetime | None) -> Stop | None:
    text = log.read_text(encoding="utf-8")
    if _NOT_REACHED not in text or to is None:
        return None
    last = _REACHED.findall(text)
    reaches = f" Its last transaction was at {last[-1]}." if last else ""
    return Stop(
        f"The log in {store.folder} ends before {to.isoformat()}.{reaches} To restore all there is, leave out --to."
    )


def _take_place(work: Path, data: Path) -> Path | None:
    """Let the restored data take the place of the old, which is kept aside."""
    aside = None
    if (data / "postgresql").exists():
        aside = data / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        aside.mkdir(mode=0o700)
        for name in ("postgresql", "secrets.json"):
            (data / name).rename(aside / name)
    (work / "secrets.json").rename(data / "secrets.json")
    (work / "postgresql").rename(data / "postgresql")
    return aside
