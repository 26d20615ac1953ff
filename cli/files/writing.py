"""A bundle as files that `slotwise import` takes back: one CSV file per kind, or one JSON file."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from models.files.bundle import Bundle, HoursRow
from models.files.cells import harmless
from models.files.columns import COLUMNS, LIST_SEPARATOR
from models.files.kinds import Kind
from models.inputs import DayHours, HospitalIn, Input


def write_json(bundle: Bundle, file: Path) -> None:
    """Write all kinds into one file. Raises OSError where it cannot be written."""
    parts = (
        f'"{kind}": [\n' + ",\n".join(row.model_dump_json(exclude_none=True) for row in rows) + "\n]"
        for kind, rows in bundle.by_kind.items()
    )
    file.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def write_tables(bundle: Bundle, folder: Path) -> list[Path]:
    """Write one CSV file per kind into a folder; return their paths. Raises OSError where they cannot be written."""
    written = []
    for kind, rows in bundle.by_kind.items():
        written.append(_write_table(folder, kind, [_cells(row) for row in rows]))
        if kind is Kind.HOSPITALS:
            periods = [line for row in rows for line in _hours_lines(row)]
            written.append(_write_table(folder, Kind.HOURS, periods))
    return written


def _write_table(folder: Path, kind: Kind, lines: Sequence[Mapping[str, str]]) -> Path:
    file = folder / f"{kind}.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        names = [column.name for column in COLUMNS[kind]]
        table = csv.DictWriter(stream, names, restval="", extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows({name: harmless(text) for name, text in line.items()} for line in lines)
    return file


def _cells(row: Input) -> dict[str, str]:
    return {name: _cell(value) for name, value in row.model_dump(mode="json").items()}


def _cell(value: Any) -> str:  # Any: a JSON value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return LIST_SEPARATOR.join(str(item) for item in value)
    return "" if value is None else str(value)


def _hours_lines(row: Input) -> Iterator[dict[str, str]]:
    """The hours of a hospital, one line per period."""
    if not isinstance(row, HospitalIn | HoursRow):
        return
    hospital = {"hospital": row.external_id or "" if isinstance(row, HospitalIn) else row.hospital}
    for weekday, hours in (row.operating_hours or {}).items():
        yield from (hospital | {"weekday": weekday.value} | period for period in _periods(hours))
    for exception in row.exceptions:
        day = hospital | {"date": exception.date.isoformat(), "reason": exception.reason or ""}
        yield from (day | period for period in _periods(exception.hours) or [{}])


def _periods(hours: DayHours) -> list[dict[str, str]]:
    return [{"opens": period.opens, "closes": period.closes} for period in hours]
