"""How the product says no: every fault at once, each with what was sent, why it will not do, and what would."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Refusal(StrEnum):
    """Why a change was refused as a whole. `api.problems` chooses the HTTP status."""

    INVALID = "invalid"  # what was sent can never be right
    FORBIDDEN = "forbidden"  # somebody else may, whoever asks may not
    NOT_FOUND = "not_found"  # what the address names does not exist
    CLASH = "clash"  # right in itself, but the schedule or another change stands against it
    STALE = "stale"  # it was meant for an older version


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    `row` is the index of the item in a list that was sent (0 where one item was sent), `field` the path inside the
    item (`doctors[1]`, or empty for the item whole). `facts` are JSON values, shaped by `code`; the codes of a
    conflict (`hours_taken` …) carry the facts of a conflict.
    """

    code: str
    field: str
    value: Any  # Any: whatever JSON was sent
    message: str
    row: int = 0
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def at_row(self, row: int) -> "Fault":
        """The same fault, of another item."""
        return dataclasses.replace(self, row=row)


def field_name(path: Sequence[str | int]) -> str:
    """A path as people write it: `("requests", 3, "doctors", 0)` is `requests[3].doctors[0]`; empty for none."""
    name = ""
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else step
    return name


class Refused(Exception):  # noqa: N818  # a refusal, not an error of ours
    """Nothing was written. `faults` are all there are, in the order of what was sent."""

    def __init__(self, refusal: Refusal, faults: Iterable[Fault]) -> None:
        self.refusal = refusal
        self.faults = tuple(sorted(faults, key=lambda fault: fault.row))
        super().__init__("; ".join(fault.message for fault in self.faults))


def refuse_if(faults: Iterable[Fault], refusal: Refusal = Refusal.INVALID) -> None:
    """Raise `Refused` where there is any fault."""
    if found := tuple(faults):
        raise Refused(refusal, found)
