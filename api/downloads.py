"""CSV for people: what a browser saves when somebody follows a link whose address ends in `.csv`.

A spreadsheet opens it as it is: UTF-8 with a byte order mark (or Excel takes it for a Windows code page), and no cell
that it would run as a formula.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from fastapi.responses import Response

from models.files.cells import harmless

Cell = str | int | float | date | datetime | None

_BYTE_ORDER_MARK = "\ufeff"


class CsvResponse(Response):
    """A table to be saved as a file."""

    media_type = "text/csv"


def download(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> CsvResponse:
    """A table as a file called `name` (ASCII, without quotes). Lines end as RFC 4180 says."""
    text = io.StringIO(newline="")
    text.write(_BYTE_ORDER_MARK)
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return CsvResponse(text.getvalue(), headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _written(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return harmless(cell)
    return cell.isoformat() if isinstance(cell, date) else cell  # a datetime is a date
