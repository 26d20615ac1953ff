"""What pydantic and the checks of the values found in a file, told as faults with their JSON paths and remedies."""

import codecs
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic_core import ErrorDetails

from planner.faults import Fault, Finding, Location, findings
from planner.mending import Spoiled, mend
from planner.problem_schema import ProblemModel

LONGEST_VALUE = 80
"""A fault shows so many characters of the value."""


def problem_faults(
    text: str | bytes, wrong: Sequence[ErrorDetails], repeated: Sequence[tuple[Location, Any]]
) -> list[Fault]:
    """The faults of a PROBLEM.json, in the order of their paths.

    These are those of the schema (`wrong`), the fields written more than once (`repeated`, with their last values) and,
    unless they follow from the others, those of the values.
    """
    faults = [(fault["loc"], schema_fault(fault)) for fault in wrong]
    faults += [(at, repeated_fault(at, value)) for at, value in repeated]
    mended = mend(text, [(fault["loc"], fault["type"]) for fault in wrong])
    if mended is not None:
        spoiled = Spoiled([*(fault["loc"] for fault in wrong), *(at for at, _ in repeated)])
        found = findings(ProblemModel.model_validate_json(json.dumps(mended)).values())
        faults += [(finding.at, value_fault(finding)) for finding in found if not any(map(spoiled.has, finding.inputs))]
    faults.sort(key=lambda entry: [(isinstance(step, int), step) for step in entry[0]])
    return [fault for _, fault in faults]


def schema_fault(error: ErrorDetails) -> Fault:
    """What pydantic found."""
    fault, _, remedy = error["msg"].partition("; ")
    if error["type"] == "missing":
        return Fault(_path(error["loc"]), "missing", "a field is missing", "add it")
    if error["type"] == "extra_forbidden":
        remedy = "remove it or correct its name"
        fault = "no such field"
    if error["type"] == "json_invalid":
        return _unreadable(error["input"], fault)
    return Fault(_path(error["loc"]), _shown(error["input"]), fault, remedy or "correct the value")


def repeated_fault(at: Location, value: object) -> Fault:
    """A field that its object has more than once, with its last value."""
    return Fault(_path(at), _shown(value), "the field is written more than once", "keep one of them")


def value_fault(finding: Finding) -> Fault:
    """What the checks of the values found."""
    value = finding.value.isoformat() if isinstance(finding.value, datetime) else finding.value
    return Fault(_path(finding.at), _shown(value), finding.fault, finding.remedy)


def _unreadable(text: str | bytes, fault: str) -> Fault:
    """What is no JSON, or not in the encoding of JSON."""
    begins = text[:LONGEST_VALUE]
    marked = isinstance(begins, bytes) and begins.startswith(
        (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    )
    remedy = "save it as UTF-8 without a byte order mark" if marked else "correct the JSON there"
    shown = begins.decode(errors="replace") if isinstance(begins, bytes) else begins
    return Fault("", _shown(shown), fault, remedy)


def _path(location: Location) -> str:
    """`("requests", 3, "latest")` as `requests[3].latest`."""
    named = location[:-1] if location[-1:] == ("[key]",) else location  # pydantic's word for the name of a field
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in named]
    return "".join(steps).removeprefix(".")


def _shown(value: object) -> str:
    """The value as JSON, cut where it is long."""
    try:
        shown = json.dumps(value, default=str)
    except (ValueError, RecursionError):  # a number of thousands of digits, or lists within lists
        return f"a {type(value).__name__} too large to show"
    return shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…"
