"""Files of rows, read whole: every row checked by itself, and every fault told with its place.

What is in a file is first split into raw rows that know where they came from (CSV: `tabular.py`; JSON: here), then
all are checked in one way. What only the database can know is checked when they are written.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from cli.files.bundle import MODELS, Bundle, PatientRow, UserRow
from cli.files.kinds import Kind
from cli.files.places import JsonOrigin, Origin, RawRow, faults_of
from cli.files.tabular import read_table
from cli.output import Exit, FaultLine, Stop
from models.inputs import HospitalIn, Input


class Unreadable(Exception):  # noqa: N818  # what the files are
    """The files have faults; these are all that can be seen without a database."""

    def __init__(self, faults: Sequence[FaultLine]) -> None:
        self.faults = faults
        super().__init__(f"{len(faults)} faults")


@dataclass(frozen=True, slots=True)
class Contents:
    """What some files hold, and where each row of a kind came from."""

    bundle: Bundle
    origins: Mapping[Kind, Sequence[Origin]]


def read_files(files: Iterable[Path], kind: Kind | None = None) -> Contents:
    """Read CSV and JSON files; `-` is JSON or CSV from standard input.

    Raises
    ------
    Unreadable
        with every fault of every file.
    Stop
        where a file cannot be opened, or does not say what it holds.

    """
    faults: list[FaultLine] = []
    rows: dict[Kind, list[Input]] = {each: [] for each in Kind}
    origins: dict[Kind, list[Origin]] = {each: [] for each in Kind}
    for file in files:
        for raw in _raw_rows(file, kind):
            if isinstance(raw, FaultLine):
                faults.append(raw)
                continue
            try:
                row = MODELS[raw.kind].model_validate(raw.data)
            except ValidationError as error:
                faults += faults_of(error, raw.origin)
            else:
                rows[raw.kind].append(row)
                origins[raw.kind].append(raw.origin)
    faults += _sent_twice(rows, origins)
    if faults:
        raise Unreadable(faults)
    return Contents(Bundle.of(rows), origins)


def _raw_rows(file: Path, kind: Kind | None) -> Iterator[RawRow | FaultLine]:
    name = "standard input" if str(file) == "-" else str(file)
    text = _text(file, name)
    if isinstance(text, FaultLine):
        yield text
    elif file.suffix.lower() == ".json" or (file.suffix == "" and text.lstrip()[:1] in {"[", "{"}):
        yield from _json_rows(name, text, kind or _kind_named(file))
    else:
        found = kind or _kind_named(file)
        if found is None:
            known = ", ".join(Kind)
            raise Stop(f"{name} does not say what it holds: name it after a kind ({known}) or add --kind.", Exit.USAGE)
        yield from read_table(name, text, found)


def _text(file: Path, name: str) -> str | FaultLine:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Stop(f"{name} cannot be read: {error.strerror}.", Exit.USAGE) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        before = data[: error.start].rpartition(b"\n")[2][-20:]
        near = (before + data[error.start : error.end]).decode("utf-8", "backslashreplace")
        return FaultLine(f"{name}, line {line}", near, "is not UTF-8; save the file as UTF-8")


def _kind_named(file: Path) -> Kind | None:
    """The kind that a file is named after: `users.csv`, `2026-users.csv`, `users-lisbon.json`."""
    words = file.stem.lower().replace("_", "-").split("-")
    return next((kind for kind in Kind if kind.value in words), None)


def _json_rows(name: str, text: str, kind: Kind | None) -> Iterator[RawRow | FaultLine]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        yield FaultLine(f"{name}, line {error.lineno}", "", f"is no JSON: {error.msg} at column {error.colno}")
        return
    lists = document if isinstance(document, dict) else {kind or "": document}
    for key, values in lists.items():
        path = "$" if values is document else f"$.{key}"
        if key not in list(Kind):
            known = ", ".join(Kind)
            yield FaultLine(f"{name}: {path}", key, f"is no kind of row; there are: {known}. For a list say --kind")
        elif not isinstance(values, list):
            yield FaultLine(f"{name}: {path}", values, "is no list; write one, of objects")
        else:
            for number, data in enumerate(values):
                yield RawRow(Kind(key), data, JsonOrigin(name, f"{path}[{number}]"))


def _sent_twice(rows: Mapping[Kind, Sequence[Input]], origins: Mapping[Kind, Sequence[Origin]]) -> Iterator[FaultLine]:
    """Rows with the id of an earlier one: they would overwrite each other in silence."""
    for kind, found in rows.items():
        first: dict[str, Origin] = {}
        for row, origin in zip(found, origins[kind], strict=True):
            if not isinstance(row, UserRow | PatientRow | HospitalIn) or row.external_id is None:
                continue
            earlier = first.setdefault(row.external_id, origin)
            if earlier is not origin:
                yield FaultLine(
                    origin.where("external_id"), row.external_id, f"is there already: {earlier.where()}. Keep one"
                )
