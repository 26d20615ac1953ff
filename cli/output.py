"""What the commands say, and the exit codes by which they end: one place for all of them.

Answers go to standard output and everything else (progress, summaries, faults) to standard error, so that
`slotwise plan problem.json > plan.json` gives a file and a person still sees how it went. Where the output is no
terminal it is plain text without control codes, and lines are as long as they need to be.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import IO, Any

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from models.wording import counted

_WIDE = 400  # columns of what is no terminal: tables are as wide as their contents
_VALUE_SHOWN = 60  # characters


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    REFUSED = 1  # the answer is no: faults, violations, something undecided
    USAGE = 2  # the command line is wrong; typer's own code
    UNREACHABLE = 3  # a service does not answer or does not let us in, or no instance runs
    UNKNOWN = 4  # it was to be found out and was not: a validation failed, or there is none
    MISUSED = 64  # as sysexits.h has it: USAGE of commands that say something else by 2
    FAULT_OF_OURS = 70  # as sysexits.h has it; a program must not take it for an answer


class Stop(Exception):  # noqa: N818  # not always an error
    """The command ends here, with a message for people and an exit code for programs."""

    def __init__(self, message: str, code: Exit = Exit.REFUSED) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class FaultLine:
    """A fault as it is told: where it is, what stands there, and why it will not do and what would."""

    where: str
    value: Any  # Any: whatever was in the file
    message: str


def answers() -> Console:
    """Standard output, for people."""
    return _console(sys.stdout)


def notes() -> Console:
    """Standard error, for people."""
    return _console(sys.stderr)


def print_json(value: object) -> None:
    """Write JSON for programs to standard output."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")
    sys.stdout.flush()  # `slotwise up` goes on, and whoever reads it waits


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """A calm table; the columns named in `right` hold numbers."""
    made = Table(box=None, header_style="dim", pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def print_section(console: Console, title: str, content: RenderableType) -> None:
    """Print something under a title, a line apart from what came before."""
    console.print(f"\n[bold]{escape(title)}[/]")
    console.print(content)


def refuse(what: str, faults: Iterable[FaultLine], *, as_json: bool, code: Exit = Exit.REFUSED) -> Stop:
    """Tell every fault; what it returns is to be raised."""
    found = list(faults)
    if as_json:
        print_json({"faults": [asdict(fault) for fault in found]})
    else:
        rows = table("where", "value", "fault and remedy")
        for fault in found:
            rows.add_row(Text(fault.where), Text(_shown(fault.value)), Text(fault.message))
        notes().print(rows)
    return Stop(f"{what}: {counted(len(found), 'fault')}. Nothing was done.", code)


def told(stop: Stop) -> None:
    """Say why a command ends."""
    style = "yellow" if stop.code is Exit.REFUSED else "red"
    notes().print(f"[{style}]{escape(str(stop))}[/]", highlight=False)


def _console(stream: IO[str]) -> Console:
    return Console(file=stream, highlight=False, width=None if stream.isatty() else _WIDE)


def _shown(value: Any) -> str:  # Any: a JSON value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _VALUE_SHOWN else f"{text[: _VALUE_SHOWN - 1]}…"
