"""Cells of CSV files that a spreadsheet would run as formulas, made harmless and read back.

A spreadsheet takes a cell for a formula by its first character (OWASP, CSV Injection), and one that expects another
separator than ours finds more cells in it than there are. So an apostrophe, the spreadsheets' own mark of plain text,
stands before every such character. Reading takes away exactly what writing has put there.
"""

import re

_BEGINNING = r"(?:^|(?<=[;,\t\r\n]))"
"""Where somebody's spreadsheet may begin a cell; quotes may vanish between there and what stands first in it."""

_FORMULA = r"(?=['\"]*[=+\-@\t\r\n＝＋－＠])"  # noqa: RUF001  # spreadsheets in East Asia take the wide ones as well

_HARMFUL = re.compile(_BEGINNING + _FORMULA)
_HARMLESS = re.compile(f"{_BEGINNING}'{_FORMULA}")


def harmless(text: str) -> str:
    """A text as it is written into a cell."""
    return _HARMFUL.sub("'", text)


def original(cell: str) -> str:
    """The text that was written into a cell."""
    return _HARMLESS.sub("", cell)
