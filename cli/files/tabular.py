"""CSV files as raw rows that know their lines."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cli.files.columns import COLUMNS, LIST_SEPARATOR, Column
from cli.files.hourlines import joined
from cli.files.kinds import Kind
from cli.files.places import LineOrigin, RawRow
from cli.output import FaultLine


def read_table(name: str, text: str, kind: Kind) -> Iterator[RawRow | FaultLine]:
    """The rows of a CSV file with a header line, separated by commas or (as some spreadsheets write) semicolons.

    Columns may come in any order; unknown ones are faults, since a misspelt one would be lost in silence.
    """
    columns = {column.name: column for column in COLUMNS[kind]}
    header_line = text.partition("\n")[0]
    delimiter = ";" if ";" in header_line and "," not in header_line else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines = _lines(name, reader)
    header = next(lines, None)
    if header is None:
        yield FaultLine(f"{name}, line 1", "", f"is empty; the first line names the columns: {', '.join(columns)}")
    elif isinstance(header, FaultLine):
        yield header
    else:
        names = [cell.strip().lower() for cell in header[1]]
        faults = list(_header_faults(name, names, columns))
        yield from faults
        if not faults:
            rows = _rows(name, kind, lines, [columns[each] for each in names])
            yield from joined(rows) if kind is Kind.HOURS else rows


def _lines(name: str, reader: Any) -> Iterator[tuple[int, list[str]] | FaultLine]:  # Any: csv names no reader type
    """The lines that are not empty, each with the number on which it starts."""
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        yield FaultLine(f"{name}, line {start}", "", f"is no CSV: {error}")


def _header_faults(name: str, names: Sequence[str], columns: Mapping[str, Column]) -> Iterator[FaultLine]:
    where = f"{name}, line 1"
    for column in names:
        if column not in columns:
            yield FaultLine(where, column, f"is no column here; there are: {', '.join(columns)}")
    for column in sorted({column for column in names if names.count(column) > 1}):
        yield FaultLine(where, column, "is there twice; keep one")
    for missing in columns.values():
        if missing.required and missing.name not in names:
            yield FaultLine(where, missing.name, f"is missing; add the column ({missing.about})")


def _rows(
    name: str, kind: Kind, lines: Iterator[tuple[int, list[str]] | FaultLine], columns: Sequence[Column]
) -> Iterator[RawRow | FaultLine]:
    for line in lines:
        if isinstance(line, FaultLine):
            yield line
            continue
        number, cells = line
        if len(cells) > len(columns):
            where = f"{name}, line {number}"
            yield FaultLine(where, cells[len(columns)], f"has {len(cells)} cells for {len(columns)} columns")
        else:
            yield RawRow(kind, _data(cells, columns), LineOrigin(name, number))


def _data(cells: Sequence[str], columns: Sequence[Column]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for cell, column in zip(cells, columns, strict=False):
        if text := cell.strip():
            data[column.name] = [item.strip() for item in text.split(LIST_SEPARATOR)] if column.many else text
    return data
