"""Where a row of a file came from, and faults that know their place."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import ValidationError

from models.faults import field_name
from models.files.kinds import Kind


class Origin(Protocol):
    """Where a row came from."""

    def where(self, field: str = "") -> str:
        """The place of one of its fields, for people; of the row itself where none is named."""

    def facts(self, field: str = "") -> Mapping[str, str | int]:
        """The same place, for programs."""


@dataclass(frozen=True, slots=True)
class JsonOrigin:
    """A place in a JSON file."""

    file: str
    path: str

    def where(self, field: str = "") -> str:
        """The file and the JSON path."""
        return f"{self.file}: {self._path(field)}"

    def facts(self, field: str = "") -> Mapping[str, str | int]:
        """The JSON path."""
        return {"path": self._path(field)}

    def _path(self, field: str) -> str:
        return f"{self.path}{'.' if field and not field.startswith('[') else ''}{field}"


@dataclass(frozen=True, slots=True)
class LineOrigin:
    """A line of a CSV file. `lines` has those of the fields that came from other lines."""

    file: str
    line: int
    lines: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def where(self, field: str = "") -> str:
        """The file, the line and, where a row is one line, the column."""
        column = f", {field}" if field and not self.lines else ""
        return f"{self.file}, line {self._line(field)}{column}"

    def facts(self, field: str = "") -> Mapping[str, str | int]:
        """The line, counted from 1, and, where a row is one line, the column."""
        place: dict[str, str | int] = {"line": self._line(field)}
        if field and not self.lines:
            place["column"] = field.partition("[")[0]
        return place

    def _line(self, field: str) -> int:
        prefix = max((prefix for prefix in self.lines if field.startswith(prefix)), key=len, default="")
        return self.lines.get(prefix, self.line)


@dataclass(frozen=True, slots=True)
class RawRow:
    """What a file says a row is, unchecked."""

    kind: Kind
    data: Any  # Any: a JSON value
    origin: Origin


@dataclass(frozen=True, slots=True)
class FileFault:
    """One thing that is wrong in a file.

    `field` is the path inside the row, empty for the row whole. `message` says of it what is wrong and what would do
    instead; `code` and `limits` are pydantic's where it found the fault, so that others can say it in their words.
    """

    code: str
    origin: Origin
    field: str
    value: Any  # Any: whatever was in the file
    message: str
    limits: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # Any: pydantic's own context

    @property
    def where(self) -> str:
        """Its place, for people."""
        return self.origin.where(self.field)


def faults_of(error: ValidationError, origin: Origin) -> Iterator[FileFault]:
    """Every fault that pydantic found in a row."""
    for fault in error.errors(include_url=False):
        value: Any = "" if fault["type"] == "missing" else fault["input"]  # Any: whatever was in the file
        path = field_name(fault["loc"])
        yield FileFault(fault["type"], origin, path, value, fault["msg"], fault.get("ctx", {}))
