"""The lines of an hours file, one period each, joined to the hours of hospitals."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from models.files.kinds import Kind
from models.files.places import FileFault, LineOrigin, RawRow, faults_of
from models.inputs import Input, Text, TimeOfDay, Weekday


class HoursLine(Input):
    """One line: a period of a weekday, a period of a date, or a date on which the hospital is closed."""

    hospital: Text
    weekday: Annotated[Weekday | None, BeforeValidator(str.lower)] = None
    date: dt.date | None = None
    opens: TimeOfDay | None = None
    closes: TimeOfDay | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.weekday is None) == (self.date is None):
            raise PydanticCustomError("one_day", "needs a weekday or a date, one of the two")
        if (self.opens is None) != (self.closes is None):
            raise PydanticCustomError("half_a_period", "needs both opens and closes, or neither for a closed date")
        if self.opens is None and self.weekday:
            raise PydanticCustomError("closed_weekday", "needs opens and closes; a weekday without lines is closed")
        return self


@dataclass(slots=True)
class _Hospital:
    """The lines of one hospital so far; `lines` maps a field of the joined row to the line it came from."""

    name: str
    file: str
    line: int
    week: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    dates: dict[dt.date, dict[str, Any]] = field(default_factory=dict)  # Any: a period list, a date or a reason
    lines: dict[str, int] = field(default_factory=dict)

    def add(self, line: HoursLine, number: int) -> bool:
        """Take a line; False where it says closed and another says open on the same date."""
        if line.date:
            new = line.date not in self.dates
            exception = self.dates.setdefault(line.date, {"date": line.date, "hours": [], "reason": line.reason})
            path, periods = f"exceptions[{list(self.dates).index(line.date)}].hours", exception["hours"]
            if not new and (line.opens is None or not periods):
                return False
        else:
            periods, path = self.week.setdefault(str(line.weekday), []), f"operating_hours.{line.weekday}"
        self.lines.setdefault(path, number)
        if line.opens and line.closes:
            self.lines[f"{path}[{len(periods)}]"] = number
            periods.append({"opens": line.opens, "closes": line.closes})
        return True

    @property
    def row(self) -> RawRow:
        exceptions = list(self.dates.values())
        data = {"hospital": self.name, "operating_hours": self.week or None, "exceptions": exceptions}
        return RawRow(Kind.HOURS, data, LineOrigin(self.file, self.line, self.lines))


def joined(rows: Iterable[RawRow | FileFault]) -> Iterator[RawRow | FileFault]:
    """The hours of each hospital, from the lines of a file; faults of the lines themselves as they come."""
    hospitals: dict[str, _Hospital] = {}
    for raw in rows:
        if isinstance(raw, FileFault) or not isinstance(raw.origin, LineOrigin):
            yield raw
            continue
        origin = raw.origin
        try:
            line = HoursLine.model_validate(raw.data)
        except ValidationError as error:
            yield from faults_of(error, origin)
            continue
        hospital = hospitals.setdefault(line.hospital, _Hospital(line.hospital, origin.file, origin.line))
        if not hospital.add(line, origin.line):
            message = "is closed in one line and open in another; keep one"
            yield FileFault("closed_and_open", origin, "date", str(line.date), message)
    yield from (hospital.row for hospital in hospitals.values())
