"""PostgreSQL out of a wheel: made once, then started on the same data."""

import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from cli.embedded.account import Account
from cli.embedded.archiving import archive_settings
from cli.embedded.binaries import POSTGRESQL, find_program
from cli.embedded.errors import DataFolderUnusable, ProcessFailed
from cli.embedded.folder import make_private_folder
from cli.embedded.keeper import Process
from cli.embedded.orphans import end_recorded, kill_titled
from cli.embedded.running import write_private

_PORT = "5432"  # part of the socket's name
_SUPERUSER = "postgres"
_USER = "slotwise"  # owns the database `slotwise`, may create others and roles, and is no superuser
_APPLICATION = "slotwise_app"  # reads and writes rows, and owns nothing (`models.access.privileges`)
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}

_SETTINGS = {
    "listen_addresses": "",
    "port": _PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # Rows name patients. What PostgreSQL adds to an error shows them (DETAIL, CONTEXT), and so do parameters and what
    # somebody types by hand.
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
}
# Not synchronous_commit: what was committed must outlive a killed server, in tests as well.
# Databases that come and go: a vacuum at work in one keeps it from being dropped.
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}


@dataclass(frozen=True)
class PostgreSQL:
    """A PostgreSQL with its data in `<folder>/postgresql`, listening on a Unix socket only.

    Unless `durable`, a crash of the machine may ruin the data; the death of every process may not.
    """

    folder: Path
    sockets: Path
    account: Account
    durable: bool = True

    @property
    def data(self) -> Path:
        return self.folder.absolute() / "postgresql"

    @property
    def _secrets(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def url(self) -> str:
        """The address of the database `slotwise`, for SQLAlchemy with psycopg."""
        return self._url_of(_USER)

    @property
    def application_url(self) -> str:
        """The address of the same database for the role that owns nothing."""
        return self._url_of(_APPLICATION)

    @property
    def superuser_environment(self) -> dict[str, str]:
        """What lets PostgreSQL's own programs in as the superuser."""
        return _ENVIRONMENT | {
            "PGHOST": str(self.sockets),
            "PGPORT": _PORT,
            "PGUSER": _SUPERUSER,
            "PGPASSWORD": self._passwords()[_SUPERUSER],
            "PGDATABASE": "postgres",
        }

    def _url_of(self, user: str) -> str:
        return f"postgresql+psycopg://{user}:{self._passwords()[user]}@/{_USER}?host={self.sockets}&port={_PORT}"

    def process(self) -> Process:
        """The server as a process to supervise; its data is made first where there is none.

        Raises
        ------
        BinariesMissing
            when no PostgreSQL is installed that runs here.
        ProcessFailed
            when `initdb` fails.
        DataFolderUnusable
            when there is data, but its passwords are gone; or none, but a restore was begun.
        """
        program = find_program(POSTGRESQL, self.account, self.folder.absolute() / "programs")
        if not self.data.exists():
            if (self.folder / "restoring" / "postgresql").exists():
                why = "a restore was ended before the data was in its place. Run it again, or remove restoring/."
                raise DataFolderUnusable(self.folder, why)
            self._initialise(program.with_name("initdb"))
        if not self._secrets.exists():
            why = "secrets.json, which holds the passwords of the database, is gone."
            raise DataFolderUnusable(self.folder, f"{why} Restore it, or remove postgresql/ too.")
        settings = _SETTINGS | {"unix_socket_directories": str(self.sockets), "cluster_name": self._cluster}
        settings |= {} if self.durable else _NOT_DURABLE
        settings |= archive_settings(self.folder)
        return Process(
            name="postgresql",
            argv=[str(program), "-D", str(self.data), *(f"--{name}={value}" for name, value in settings.items())],
            env=_ENVIRONMENT,
            cwd=self.data,
            account=self.account,
            prepare=self._prepare,
            ready=self._answers,
            attempts=6,  # the backends of one that was killed hold its shared memory for a moment
            patience=120,  # recovery after a crash reads the whole log
            stop_signal=signal.SIGINT,  # SIGTERM would wait for the clients to leave
            death_signal=signal.SIGINT,
            grace=30,
        )

    def create_database(self) -> None:
        """Create the roles and the database `slotwise` where they are missing. The server must run."""
        user = sql.Identifier(_USER)
        with self.connect() as connection:
            for role, may in ((_USER, "CREATEDB CREATEROLE"), (_APPLICATION, "")):
                password = sql.Literal(self._passwords()[role])
                if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).rowcount:
                    connection.execute(
                        sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}").format(
                            sql.Identifier(role), sql.SQL(may), password
                        )
                    )
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [_USER]).rowcount:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(user, user))

    def _initialise(self, initdb: Path) -> None:
        """Make the data in a folder of another name, so that one that was interrupted is not taken for whole."""
        partial = self.data.with_name("postgresql.new")
        shutil.rmtree(partial, ignore_errors=True)
        make_private_folder(partial, self.account)
        password = self.sockets / "password"  # where the account can read it; removed below
        password.write_text(self._passwords()[_SUPERUSER], encoding="utf-8")
        self.account.own(password)
        argv = [str(initdb), "-D", str(partial), "-U", _SUPERUSER, "-A", "scram-sha-256", "--pwfile", str(password)]
        argv += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
        argv += [] if self.durable else ["--no-sync"]
        try:
            done = subprocess.run(
                argv,
                check=False,
                env=_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                **self.account.popen,
            )
        finally:
            password.unlink()
        if done.returncode:
            why = f"ended with exit code {done.returncode}"
            raise ProcessFailed("initdb", why, done.stdout.splitlines()[-20:], partial)
        partial.rename(self.data)

    def _passwords(self) -> dict[str, str]:
        """The passwords by user: random, made once, and kept beside the data."""
        known: dict[str, str] = json.loads(self._secrets.read_text(encoding="utf-8")) if self._secrets.exists() else {}
        users = _SUPERUSER, _USER, _APPLICATION
        if missing := [user for user in users if user not in known]:
            known |= {user: secrets.token_urlsafe(24) for user in missing}
            write_private(self._secrets, json.dumps(known))
        return known

    @property
    def _cluster(self) -> str:
        """A name of this data folder's own, that every backend shows in its title."""
        return f"slotwise-{hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]}"

    def _prepare(self) -> None:
        """Clear the way for a start, knowing (the folder's lock is ours) that no other server may run on the data."""
        pid_file = self.data / "postmaster.pid"
        end_recorded(pid_file, str(self.data), signal.SIGINT)
        kill_titled(f"postgres: {self._cluster}: ")  # a busy backend does not notice that its server is gone
        for name in (f".s.PGSQL.{_PORT}", f".s.PGSQL.{_PORT}.lock"):
            (self.sockets / name).unlink(missing_ok=True)
        if pid_file.exists():
            self._disown(pid_file)

    def _disown(self, pid_file: Path) -> None:
        """Put our pid in the place of a dead server's, which may be a zombie's or a stranger's by now.

        PostgreSQL would take those for a running server. A file that names its parent it knows to be stale, and goes on
        to the rest: whether the shared memory named there is still in use.
        """
        partial = pid_file.with_name("postmaster.pid.partial")
        _, _, rest = pid_file.read_text(encoding="utf-8").partition("\n")
        partial.write_text(f"{os.getpid()}\n{rest}", encoding="utf-8")
        self.account.own(partial)
        partial.replace(pid_file)

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":  # Any: whatever is asked for
        """A connection as the superuser, with autocommit."""
        return psycopg.connect(
            host=str(self.sockets),
            port=_PORT,
            user=_SUPERUSER,
            password=self._passwords()[_SUPERUSER],
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True
