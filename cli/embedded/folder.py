"""The data folder: where it is, what lies in it, and that only one instance uses it.

lock           held by `flock` while an instance runs; holds its pid
running.json   the addresses of the running instance (0600)
secrets.json   the passwords of the embedded PostgreSQL (0600)
backup.json    the folder of its backups, if one was set up
postgresql/    the database's files, of the services' account (0700)
valkey/        the queue's append-only file, of the services' account (0700)
sockets/       the Unix sockets, of the services' account (0700); elsewhere where this path would be too long
logs/          what the processes wrote, rotated by size
programs/      copies of the binaries, only where the services' account cannot reach the installed ones
"""

import fcntl
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.embedded.account import Account, service_account
from cli.embedded.errors import DataFolderUnusable, InstanceRunning

_LONGEST_SOCKET_PATH = 100  # bytes; Linux takes 107, macOS 103
_LONGEST_SOCKET_NAME = "/.s.PGSQL.5432.lock"
_PLAIN_PATH = re.compile(r"[\w./-]+", re.ASCII)  # needs no quoting in an address
_LOCK_PATIENCE = 1.0  # seconds: one that is just ending, or being looked at, is waited for


def default_data_folder(checkout: Path) -> Path:
    """Where the data of a checkout lasts: `<checkout>/.data`, if the services can live there.

    Otherwise (the checkout belongs to another account, or root's stand-in cannot reach it) a folder named for the
    checkout's path: below /var/lib/slotwise for root, below $XDG_DATA_HOME/slotwise for others.
    """
    beside = checkout / ".data"
    place = beside if beside.is_dir() else checkout
    if os.access(place, os.W_OK) and place.stat().st_uid == os.geteuid() and service_account().can_enter(place):
        return beside
    mark = hashlib.sha256(os.fsencode(checkout.resolve())).hexdigest()[:12]
    if os.geteuid() == 0:
        return Path("/var/lib/slotwise", mark)
    shared = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(shared).expanduser() / "slotwise" / mark


def make_data_folder(folder: Path, account: Account) -> None:
    """Make the data folder, if need be, so that the services' account can pass through it.

    Folders that exist already keep their permissions.

    Raises
    ------
    DataFolderUnusable
        when it cannot be made or written, the account cannot reach it, or its data belongs to another account.
    """
    try:
        _make_path(folder, 0o700 if account.is_ours else 0o711)
    except OSError as error:
        raise DataFolderUnusable(folder, f"{error.strerror}. Choose one that you may write.") from error
    if not os.access(folder, os.W_OK):
        raise DataFolderUnusable(folder, "it may not be written. Choose another one.")
    if not account.can_enter(folder):
        raise DataFolderUnusable(
            folder,
            f"as root, the services run as `{account.name}`, who cannot reach it. "
            "Choose a folder that all may enter, such as one below /var/lib, or start as a plain user.",
        )
    for name in ("postgresql", "valkey"):
        part = folder / name
        if part.exists() and part.stat().st_uid != account.uid:
            raise DataFolderUnusable(
                folder,
                f"{name}/ in it belongs to user id {part.stat().st_uid}, and this would run as `{account.name}`. "
                "Start as the account that made it, or choose another folder.",
            )


def _make_path(folder: Path, mode: int) -> None:
    """Make a folder and its missing parents with a mode that the process's umask does not change."""
    if folder.is_dir():
        return
    _make_path(folder.parent, mode)
    folder.mkdir(exist_ok=True)
    folder.chmod(mode)


@contextmanager
def temporary_data_folder() -> Iterator[Path]:
    """A data folder for tests, removed at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="slotwise-test-") as made:
        Path(made).chmod(0o711)  # so that root's stand-in can pass through it
        yield Path(made)


def make_private_folder(folder: Path, account: Account) -> None:
    """Make a folder that only the account can enter; one that exists is left as it is."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700)
        account.own(folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the data folder alone: two servers on one append-only file would ruin it.

    The lock goes with the process, however it ends, so a crash blocks nobody.

    Raises
    ------
    InstanceRunning
        when another process holds it.
    """
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _take(descriptor):
            text = os.pread(descriptor, 32, 0).strip()
            raise InstanceRunning(folder, int(text) if text.isdigit() else None)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    deadline = time.monotonic() + _LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def is_locked(folder: Path) -> bool:
    """Whether an instance runs on the folder."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def socket_folder(folder: Path, account: Account) -> Iterator[Path]:
    """A folder for Unix sockets that only the account (and root) can enter, with a path that sockets can have.

    It is `sockets/` in the data folder, emptied of what a crash left; or, where that path would be too long, a new
    folder for temporary files, removed at the end.
    """
    inside = folder.absolute() / "sockets"
    if _suits_sockets(inside):
        make_private_folder(inside, account)
        for stale in inside.iterdir():
            stale.unlink()
        yield inside
        return
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
    own = account.is_ours and os.access(runtime, os.W_OK) and _suits_sockets(runtime / "slotwise-12345678")
    short = runtime if own else Path("/tmp")  # noqa: S108  # a new 0700 folder is made in it
    with tempfile.TemporaryDirectory(prefix="slotwise-", dir=short, ignore_cleanup_errors=True) as made:
        account.own(Path(made))
        yield Path(made)


def _suits_sockets(folder: Path) -> bool:
    """Whether sockets in a folder have paths that are short enough, and that addresses can hold as they are."""
    path = f"{folder}{_LONGEST_SOCKET_NAME}"
    return len(os.fsencode(path)) < _LONGEST_SOCKET_PATH and _PLAIN_PATH.fullmatch(path) is not None
