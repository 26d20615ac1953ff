"""Files of rows, read whole.

What is in a file is first split into raw rows that know where they came from (CSV: `models.files.tabular`; JSON: here),
then all are checked in one way. What only the database can know is checked when they are written.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from cli.output import Exit, FaultLine, Stop
from models.files.checking import Contents, checked
from models.files.kinds import Kind
from models.files.places import FileFault, JsonOrigin, LineOrigin, RawRow
from models.files.tabular import decoded, read_table


def read_files(files: Iterable[Path], kind: Kind | None = None) -> Contents:
    """Read CSV and JSON files; `-` is JSON or CSV from standard input.

    Raises
    ------
    models.files.checking.Unreadable
        with every fault of every file.
    Stop
        where a file cannot be opened, or does not say what it holds.

    """
    return checked(raw for file in files for raw in _raw_rows(file, kind))


def told(faults: Iterable[FileFault]) -> list[FaultLine]:
    """Faults of files as the commands tell them."""
    return [FaultLine(fault.where, fault.value, fault.message) for fault in faults]


def _raw_rows(file: Path, kind: Kind | None) -> Iterator[RawRow | FileFault]:
    name = "standard input" if str(file) == "-" else str(file)
    text = decoded(name, _bytes(file, name))
    if isinstance(text, FileFault):
        yield text
    elif file.suffix.lower() == ".json" or (file.suffix == "" and text.lstrip()[:1] in {"[", "{"}):
        yield from _json_rows(name, text, kind or _kind_named(file))
    else:
        found = kind or _kind_named(file)
        if found is None:
            known = ", ".join(Kind)
            raise Stop(f"{name} does not say what it holds: name it after a kind ({known}) or add --kind.", Exit.USAGE)
        yield from read_table(name, text, found)


def _bytes(file: Path, name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Stop(f"{name} cannot be read: {error.strerror}.", Exit.USAGE) from error


def _kind_named(file: Path) -> Kind | None:
    """The kind that a file is named after: `users.csv`, `2026-users.csv`, `users-lisbon.json`."""
    words = file.stem.lower().replace("_", "-").split("-")
    return next((kind for kind in Kind if kind.value in words), None)


def _json_rows(name: str, text: str, kind: Kind | None) -> Iterator[RawRow | FileFault]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"is no JSON: {error.msg} at column {error.colno}"
        yield FileFault("not_json", LineOrigin(name, error.lineno), "", "", message)
        return
    lists = document if isinstance(document, dict) else {kind or "": document}
    for key, values in lists.items():
        path = "$" if values is document else f"$.{key}"
        if key not in list(Kind):
            known = ", ".join(Kind)
            message = f"is no kind of row; there are: {known}. For a list say --kind"
            yield FileFault("unknown_kind", JsonOrigin(name, path), "", key, message)
        elif not isinstance(values, list):
            yield FileFault("no_list", JsonOrigin(name, path), "", values, "is no list; write one, of objects")
        else:
            for number, data in enumerate(values):
                yield RawRow(Kind(key), data, JsonOrigin(name, f"{path}[{number}]"))
