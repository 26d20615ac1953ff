"""Taking a backup while the instance runs: copied by pg_basebackup, and verified before it counts."""

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from sqlalchemy import make_url

from cli.backup.programs import Programs
from cli.backup.store import Base, Store, mebibytes, size_of
from cli.embedded.folder import make_private_folder
from cli.embedded.postgresql import PostgreSQL
from cli.embedded.running import Running, write_private
from cli.output import Exit, Stop

_NAME = "%Y%m%dT%H%M%SZ"
_FIRST_LOG = re.compile(r"^START WAL LOCATION: .* \(file ([0-9A-F]{24})\)$", re.MULTILINE)


class Source:
    """The running server of a data folder, as its superuser reaches it."""

    def __init__(self, data: Path, running: Running) -> None:
        sockets = Path(str(make_url(running.database_url).query.get("host", "")))
        self._programs = Programs(data)
        self._server = PostgreSQL(data, sockets, self._programs.account)
        if not self._server.data.is_dir():
            raise Stop(
                f"The instance on {data} works with a PostgreSQL of your own: back that up with its own tools "
                "(docs/operations.md, Backup and restore).",
                Exit.USAGE,
            )

    def failing(self) -> str | None:
        """The file of the log that the server tries in vain to archive, if there is one."""
        row = self._row(
            "SELECT last_failed_wal FROM pg_stat_archiver"
            " WHERE last_failed_time > coalesce(last_archived_time, '-infinity')"
        )
        return row[0] if row else None

    def take(self, store: Store, now: datetime, percent: Callable[[int], None]) -> Base:
        """Copy the database's files into the store, verify them and count them as a backup.

        Raises
        ------
        Stop
            where the log is not archived, there is no room, or a program fails; what was copied is removed then.

        """
        [mode] = self._row("SELECT current_setting('archive_mode')")
        if mode != "on":
            raise Stop(
                "The server does not archive its log yet, so this could not be restored to any time since: end the "
                "instance and start it again.",
                Exit.REFUSED,
            )
        self._check_room(store)
        name = now.astimezone(UTC).strftime(_NAME)
        with store.alone():
            store.sweep()
            partial = store.partial(name)
            make_private_folder(partial, self._programs.account)
            try:
                return self._copy(store, name, now, percent)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise

    def _copy(self, store: Store, name: str, now: datetime, percent: Callable[[int], None]) -> Base:
        partial = store.partial(name)
        files = partial / "data"
        self._programs.run(
            "pg_basebackup",
            *("--pgdata", files, "--wal-method=stream", "--checkpoint=fast", "--progress", "--no-password"),
            *("--label", f"slotwise {name}"),
            env=self._server.superuser_environment,
            percent=percent,
        )
        self._programs.run("pg_verifybackup", "--quiet", files)
        write_private(partial / "secrets.json", (self._server.folder / "secrets.json").read_text(encoding="utf-8"))
        label = (files / "backup_label").read_text(encoding="utf-8")
        end, version = self._row("SELECT clock_timestamp(), current_setting('server_version')")
        base = Base(name, now, end, size_of(files), _FIRST_LOG.search(label)[1], version)  # type: ignore[index]  # it always says it
        store.keep(base)
        return base

    def _check_room(self, store: Store) -> None:
        [needed] = self._row("SELECT sum(pg_database_size(oid))::bigint FROM pg_database")
        free = shutil.disk_usage(store.folder).free
        if free < needed:
            raise Stop(
                f"The database takes {mebibytes(needed)}, and {store.folder} has room for {mebibytes(free)}. "
                "Remove old backups (slotwise backup prune), or give it more room."
            )

    def _row(self, query: LiteralString) -> tuple[Any, ...]:  # Any: as the query says
        try:
            with self._server.connect() as connection:
                row = connection.execute(query).fetchone()
        except psycopg.OperationalError as error:
            reason = " ".join(str(error).split())
            raise Stop(f"The database does not answer: {reason}", Exit.UNREACHABLE) from error
        return row or ()
