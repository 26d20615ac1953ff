"""CSV files as raw rows that know their lines."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.files.cells import original
from models.files.columns import COLUMNS, LIST_SEPARATOR, Column
from models.files.hourlines import joined
from models.files.kinds import Kind
from models.files.places import FileFault, LineOrigin, RawRow


def decoded(name: str, data: bytes) -> str | FileFault:
    """The text of a file: UTF-8, with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        before = data[: error.start].rpartition(b"\n")[2][-20:]
        near = (before + data[error.start : error.end]).decode("utf-8", "backslashreplace")
        message = 'is not UTF-8; save the file as UTF-8, in a spreadsheet as "CSV UTF-8"'
        return FileFault("not_utf8", LineOrigin(name, line), "", near, message)


def read_table(name: str, text: str, kind: Kind) -> Iterator[RawRow | FileFault]:
    """The rows of a CSV file of some kind, as `read_lines` reads them; the lines of hours are joined to rows."""
    lines = (
        line if isinstance(line, FileFault) else RawRow(kind, line.data, line.origin)
        for line in read_lines(name, text, COLUMNS[kind])
    )
    yield from joined(lines) if kind is Kind.HOURS else lines


@dataclass(frozen=True, slots=True)
class Line:
    """What a line of a CSV file says, by column, unchecked."""

    data: Mapping[str, str | list[str]]
    origin: LineOrigin


def read_lines(name: str, text: str, known: Sequence[Column]) -> Iterator[Line | FileFault]:
    """The lines of a CSV file with a header line, separated by commas or (as some spreadsheets write) semicolons.

    Columns may come in any order; unknown ones are faults, since a misspelt one would be lost in silence.
    """
    columns = {column.name: column for column in known}
    header_line = text.partition("\n")[0]
    delimiter = ";" if ";" in header_line and "," not in header_line else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines = _lines(name, reader)
    header = next(lines, None)
    if header is None:
        message = f"is empty; the first line names the columns: {', '.join(columns)}"
        yield FileFault("empty_file", LineOrigin(name, 1), "", "", message)
    elif isinstance(header, FileFault):
        yield header
    else:
        number, cells = header
        names = [cell.strip().lower() for cell in cells]
        faults = list(_header_faults(LineOrigin(name, number), names, columns))
        yield from faults or _rows(name, lines, [columns[each] for each in names])


def _lines(name: str, reader: Any) -> Iterator[tuple[int, list[str]] | FileFault]:  # Any: csv names no reader type
    """The lines that are not empty, each with the number on which it starts."""
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        yield FileFault("not_csv", LineOrigin(name, start), "", "", f"is no CSV: {error}")


def _header_faults(origin: LineOrigin, names: Sequence[str], columns: Mapping[str, Column]) -> Iterator[FileFault]:
    for column in names:
        if column not in columns:
            message = f"is no column here; there are: {', '.join(columns)}"
            yield FileFault("unknown_column", origin, "", column, message)
    for column in sorted(column for column, times in Counter(names).items() if times > 1):
        yield FileFault("column_twice", origin, "", column, "is there twice; keep one")
    for missing in columns.values():
        if missing.required and missing.name not in names:
            message = f"is missing; add the column ({missing.about})"
            yield FileFault("missing_column", origin, "", missing.name, message)


def _rows(
    name: str, lines: Iterator[tuple[int, list[str]] | FileFault], columns: Sequence[Column]
) -> Iterator[Line | FileFault]:
    for line in lines:
        if isinstance(line, FileFault):
            yield line
            continue
        number, cells = line
        origin = LineOrigin(name, number)
        if len(cells) > len(columns):
            message = f"is a cell too many: there are {len(cells)} cells for {len(columns)} columns"
            yield FileFault("too_many_cells", origin, "", cells[len(columns)], message)
        else:
            yield Line(_data(cells, columns), origin)


def _data(cells: Sequence[str], columns: Sequence[Column]) -> dict[str, str | list[str]]:
    data: dict[str, str | list[str]] = {}
    for cell, column in zip(cells, columns, strict=False):
        if text := original(cell.strip()):
            data[column.name] = [item.strip() for item in text.split(LIST_SEPARATOR)] if column.many else text
    return data
