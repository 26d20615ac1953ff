"""What is wrong in a CSV file that was sent, told in the words of the API, with the line and the column."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from api import sentences
from models.faults import Fault, Refusal, Refused
from models.files.places import FileFault, Origin
from models.inputs import MAX_BATCH

Line = TypeVar("Line")

FAULTS = (
    "not_utf8",
    "not_csv",
    "empty_file",
    "unknown_column",
    "missing_column",
    "column_twice",
    "too_many_cells",
)
"""What can be wrong with a file, beyond what can be wrong with what its lines say."""


def told(fault: FileFault) -> Fault:
    """A fault of the file; its facts are its `line` and `column`."""
    code, predicate = sentences.shape_fault(fault.code, fault.message, fault.limits)
    subject = fault.field or (f"'{sentences.printable(fault.value)}'" if fault.value else "the file")
    place = fault.origin.facts(fault.field)
    return Fault(code, "", fault.value, f"{_line(place)}{subject} {predicate}.", facts=place)


def at_line(fault: Fault, origin: Origin) -> Fault:
    """A fault of a row, told of the line that the row came from."""
    place = origin.facts(fault.field)
    return replace(fault, field="", message=f"{_line(place)}{fault.message}", facts={**fault.facts, **place})


def without_line(fault: Fault) -> str:
    """What is wrong with a line, for a reader who sees which line it is."""
    return fault.message.removeprefix(_line(fault.facts)) if "line" in fault.facts else fault.message


def _line(place: Mapping[str, Any]) -> str:  # Any: the facts of a fault
    return f"Line {place['line']}: "


def few_enough(lines: Iterable[Line]) -> list[Line]:
    """The lines of a file, if they are not far more than may be sent at once: nobody mends millions of faults.

    Raises
    ------
    Refused
        `too_many`; nothing beyond was read.

    """
    most = 2 * MAX_BATCH
    read = list(islice(lines, most + 1))
    if len(read) > most:
        message = f"The file holds more than {most:,} lines, and {MAX_BATCH:,} is the most; divide it into several."
        raise Refused(Refusal.INVALID, [Fault("too_many", "", None, message)])
    return read
