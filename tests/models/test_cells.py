"""No text that we write into a file for a spreadsheet runs there, and all of it is read back as it was."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.files.cells import harmless, original

BEGINS_A_FORMULA = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001  # the wide ones, too
NASTY = st.text(alphabet=st.sampled_from([*BEGINS_A_FORMULA, *"';,|\"a1 "]), max_size=12)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t'=1"),
        ("＝1", "'＝1"),  # noqa: RUF001
        ("Ana;=1+1", "Ana;'=1+1"),  # for a spreadsheet that separates by semicolons
        ("'=1", "''=1"),
        ("Ana O'Brien-Reis", "Ana O'Brien-Reis"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        ("2027-01-12T09:00:00-05:00", "2027-01-12T09:00:00-05:00"),
        ("", ""),
    ],
)
def test_only_what_would_run_gets_an_apostrophe(text: str, written: str) -> None:
    assert harmless(text) == written
    assert original(written) == text


@given(st.one_of(st.text(), NASTY))
@example("''=")
def test_what_is_written_is_read_back(text: str) -> None:
    assert original(harmless(text)) == text


@given(st.lists(NASTY, min_size=1, max_size=3), st.sampled_from(";,\t"))
def test_no_cell_of_anybodys_spreadsheet_begins_a_formula(texts: list[str], separator: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow(map(harmless, texts))
    shown = csv.reader(io.StringIO(file.getvalue(), newline=""), delimiter=separator)
    assert [cell for row in shown for cell in row if cell.startswith(tuple("=+-@＝＋－＠"))] == []  # noqa: RUF001
