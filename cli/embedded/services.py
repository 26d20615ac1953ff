"""PostgreSQL and Valkey in a data folder: started when the block is entered, ended when it is left."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from cli.embedded.account import service_account
from cli.embedded.folder import locked, make_data_folder, socket_folder
from cli.embedded.orphans import end_marked
from cli.embedded.postgresql import PostgreSQL
from cli.embedded.running import Running, announced
from cli.embedded.supervisor import Supervisor
from cli.embedded.valkey import valkey, valkey_url
from models.redis_urls import for_celery, for_redis_py


class EmbeddedServices:
    """A database and a queue for the length of a `with` block; their data lasts in the folder.

    Where `environ` (None: this process's environment) sets DATABASE_URL or REDIS_URL, that service is used and none is
    started in its place; OWNER_DATABASE_URL is then how the database is migrated (unset: as it is used). The folder is
    held alone all the same: one instance per folder.

    `durable=False` is for tests: nothing waits for the disk. What was acknowledged still survives the death of every
    process, but not of the machine.
    """

    database_url: str
    """For SQLAlchemy, `postgresql+psycopg://…`: as the role that owns the database, and migrates it."""
    application_url: str
    """The same as the role that owns nothing: the API, the workers and the commands."""
    redis_url: str
    """For redis-py: `unix://…`, `redis://…` or `rediss://…`."""
    broker_url: str
    """For Celery, as broker or result backend: `redis+socket://…`, `redis://…` or `rediss://…`."""

    def __init__(self, folder: Path, *, environ: Mapping[str, str] | None = None, durable: bool = True) -> None:
        self.folder = folder.absolute()
        self._environ = os.environ if environ is None else environ
        self._durable = durable
        self._stack = ExitStack()

    @property
    def log_folder(self) -> Path:
        """Where the processes' output goes: `<folder>/logs`."""
        return self.folder / "logs"

    @property
    def environment(self) -> dict[str, str]:
        """What to add to the environment of processes that use the services."""
        return {"DATABASE_URL": self.application_url, "REDIS_URL": self.broker_url}

    def pid(self, name: str) -> int | None:
        """The process id of `postgresql` or `valkey`; None while it is being restarted.

        Raises
        ------
        KeyError
            when it is not embedded.
        """
        return self._supervisor.pid(name)

    def __enter__(self) -> Self:
        """Start what is needed.

        Raises
        ------
        EmbeddedError
            InstanceRunning, DataFolderUnusable, BinariesMissing or ProcessFailed: each says what to do.
        """
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        account = service_account()
        make_data_folder(self.folder, account)
        stack.enter_context(locked(self.folder))
        end_marked(self.log_folder)
        sockets = stack.enter_context(socket_folder(self.folder, account))
        self._supervisor = stack.enter_context(Supervisor(self.log_folder))
        if theirs := self._environ.get("DATABASE_URL"):
            self.application_url, self.database_url = theirs, self._environ.get("OWNER_DATABASE_URL") or theirs
        else:
            server = PostgreSQL(self.folder, sockets, account, self._durable)
            self._supervisor.start(server.process())
            server.create_database()
            self.application_url, self.database_url = server.application_url, server.url
        redis_url = self._environ.get("REDIS_URL")
        if not redis_url:
            self._supervisor.start(valkey(self.folder, sockets, account, durable=self._durable))
            redis_url = valkey_url(sockets)
        self.redis_url, self.broker_url = for_redis_py(redis_url), for_celery(redis_url)
        stack.enter_context(
            announced(self.folder, Running(os.getpid(), self.application_url, self.redis_url, self.broker_url))
        )
