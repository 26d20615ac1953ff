"""The backup folder: where copies of the database's files and the archived log lie, and whose they are.

slotwise-backups.json   whose backups these are
lock                    held by `flock` while one is taken or removed
log/                    the archived log, a compressed file for each 16 MB or minute
base/TIME/data/         the database's files, as pg_basebackup copied them
base/TIME/backup.json   when it was taken, and what it needs of the log
base/TIME/secrets.json  the passwords of that database (0600)
base/TIME.partial/      one that is being taken, or was interrupted
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cli.embedded.account import Account
from cli.embedded.archiving import SUFFIX, log_folder
from cli.embedded.folder import make_private_folder
from cli.embedded.running import write_private
from cli.output import Exit, Stop

_MARK = "slotwise-backups.json"
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Base:
    """A copy of the database's files: with the log from `first_log` on it can be restored to any time from `to` on."""

    name: str
    began: datetime
    to: datetime
    size: int  # bytes
    first_log: str
    """The file of the log that a restore begins with."""
    server: str
    """The version of PostgreSQL."""

    @property
    def timeline(self) -> int:
        """The timeline that it was copied of (`cli.backup.timelines`)."""
        return int(self.first_log[:8], 16)


@dataclass(frozen=True, slots=True)
class Store:
    """A backup folder of one cluster, which PostgreSQL knows by its system identifier."""

    folder: Path
    cluster: str

    @property
    def log(self) -> Path:
        """Where the server archives its log."""
        return log_folder(self.folder)

    def of(self, base: Base) -> Path:
        """The folder of a copy."""
        return self.folder / "base" / base.name

    def partial(self, name: str) -> Path:
        """The folder of a copy that is not whole yet."""
        return self.folder / "base" / f"{name}{_PARTIAL}"

    def keep(self, base: Base) -> None:
        """Write down what a copy is, and let it count as whole."""
        partial = self.partial(base.name)
        write_private(partial / "backup.json", json.dumps(asdict(base), default=datetime.isoformat))
        partial.rename(self.of(base))

    def bases(self) -> list[Base]:
        """The copies that are whole, the oldest first."""
        files = sorted((self.folder / "base").glob("*/backup.json"))
        return [_read(file) for file in files if file.parent.suffix != _PARTIAL]

    def remove(self, base: Base) -> None:
        """Delete a copy: first it counts no more."""
        going = self.partial(base.name)
        self.of(base).rename(going)
        shutil.rmtree(going)

    def sweep(self) -> None:
        """Delete what was interrupted. Hold the folder alone."""
        for left in (self.folder / "base").glob(f"*{_PARTIAL}"):
            shutil.rmtree(left)

    def newest_log(self) -> datetime | None:
        """When the log was last archived; None: never."""
        times = [file.stat().st_mtime for file in self.log.glob(f"*{SUFFIX}")]
        return datetime.fromtimestamp(max(times)).astimezone() if times else None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder alone.

        Raises
        ------
        Stop
            where a backup is being taken or removed.

        """
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Stop(f"A backup is being taken or removed in {self.folder}; wait for it.") from None
            yield


def make_store(folder: Path, cluster: str, account: Account) -> Store:
    """Make a folder the backup folder of a cluster; one that is already stays as it is.

    Raises
    ------
    Stop
        where it holds something else, keeps another cluster's backups, or cannot be used.

    """
    folder = folder.absolute()
    try:
        if (folder / _MARK).exists():
            return _same(open_store(folder), cluster)
        folder.mkdir(mode=0o700 if account.is_ours else 0o711, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Stop(f"{folder} holds something else. Choose a folder that is empty, or a new one.", Exit.USAGE)
        if not account.can_enter(folder):
            who = f"the account `{account.name}`, which runs PostgreSQL"
            raise Stop(f"{folder} cannot be reached by {who}. Choose one that all may enter.", Exit.USAGE)
        for part in ("log", "base"):
            make_private_folder(folder / part, account)
        write_private(folder / _MARK, json.dumps({"cluster": cluster}))
    except OSError as error:
        raise Stop(f"{folder} cannot keep backups: {error.strerror}.", Exit.USAGE) from error
    return Store(folder, cluster)


def open_store(folder: Path, cluster: str | None = None) -> Store:
    """The backup folder at a path; with `cluster`, only that one's.

    Raises
    ------
    Stop
        where there is none, or it keeps another cluster's backups.

    """
    folder = folder.absolute()
    try:
        told = json.loads((folder / _MARK).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Stop(f"{folder} keeps no backups of Slotwise: there is no {_MARK} in it.", Exit.USAGE) from None
    except PermissionError:
        raise Stop(f"{folder} belongs to another account.", Exit.USAGE) from None
    store = Store(folder, told["cluster"])
    return store if cluster is None else _same(store, cluster)


def _same(store: Store, cluster: str) -> Store:
    if store.cluster != cluster:
        raise Stop(f"{store.folder} keeps the backups of another instance. Choose another folder.", Exit.USAGE)
    return store


def _read(file: Path) -> Base:
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))  # Any: as `Base` declares them
    times = {name: datetime.fromisoformat(told[name]) for name in ("began", "to")}
    return Base(**told | times)


def size_of(folder: Path) -> int:
    """The bytes of all files in a folder."""
    return sum(Path(top, name).stat().st_size for top, _, names in os.walk(folder) for name in names)


def mebibytes(size: int) -> str:
    """A size for people."""
    return f"{size / 2**20:,.0f} MiB"
