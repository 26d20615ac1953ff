"""Where a row of a file came from, so that its faults can be told with their place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import ValidationError

from cli.files.kinds import Kind
from cli.output import FaultLine
from models.faults import field_name


class Origin(Protocol):
    """Where a row came from."""

    def where(self, field: str = "") -> str:
        """The place of one of its fields, for people; of the row itself where none is named."""


@dataclass(frozen=True, slots=True)
class JsonOrigin:
    """A place in a JSON file."""

    file: str
    path: str

    def where(self, field: str = "") -> str:
        """The file and the JSON path."""
        return f"{self.file}: {self.path}{'.' if field and not field.startswith('[') else ''}{field}"


@dataclass(frozen=True, slots=True)
class LineOrigin:
    """A line of a CSV file. `lines` has those of the fields that came from other lines."""

    file: str
    line: int
    lines: Mapping[str, int] = field(default_factory=dict)

    def where(self, field: str = "") -> str:
        """The file, the line and, where a row is one line, the column."""
        prefix = max((prefix for prefix in self.lines if field.startswith(prefix)), key=len, default="")
        column = f", {field}" if field and not self.lines else ""
        return f"{self.file}, line {self.lines.get(prefix, self.line)}{column}"


@dataclass(frozen=True, slots=True)
class RawRow:
    """What a file says a row is, unchecked."""

    kind: Kind
    data: Any  # Any: a JSON value
    origin: Origin


def faults_of(error: ValidationError, origin: Origin) -> Iterator[FaultLine]:
    """Every fault that pydantic found in a row."""
    for fault in error.errors(include_url=False):
        value: Any = "" if fault["type"] == "missing" else fault["input"]  # Any: whatever was in the file
        yield FaultLine(origin.where(field_name(fault["loc"])), value, fault["msg"])
