"""Faulty JSON made readable, so that the faults of its sound parts can be named together with those of the others.

And JSON that is read without complaint and means something else than it says: a field written twice.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from planner.faults import Location

SOME_INSTANT = "2000-01-01T00:00:00+00:00"
_STAND_INS: dict[str, Any] = {  # JSON values, one for each field of PROBLEM.json
    "hospitals": [], "doctors": [], "availabilities": [], "appointments": [], "requests": [],
    "timezone": "UTC", "openings": [], "specialties": [], "doctor": "", "hospital": "", "patient": "",
    "start": SOME_INSTANT, "end": SOME_INSTANT, "earliest": SOME_INSTANT, "latest": SOME_INSTANT, "preferred": None,
    "movable": False, "window": None, "priority": "routine", "specialty": None, "moves": None,
    "places": None,
}  # fmt: skip
_FIELDS = {
    "hospitals": ("id", "timezone", "openings"),
    "doctors": ("id",),
    "availabilities": ("doctor", "hospital", "start", "end"),
    "appointments": ("id", "doctor", "hospital", "patient", "start"),
    "requests": ("id", "patient", "priority", "earliest", "latest"),
    "openings": ("start", "end"),
}


def mend(text: str | bytes, faults: Iterable[tuple[Location, str]]) -> dict[str, Any] | None:
    """The JSON in `text` with a stand-in at the location of every fault; None if it is no JSON object.

    `faults` are pydantic's: a location and a type. What is findable about a stand-in is nonsense: see `Spoiled`.
    """
    try:
        mended = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(mended, dict):
        return None
    numbers = count()
    for location, type_ in faults:
        if not location:  # JSON for this reader, but not for the schema's stricter one
            return None
        parent: Any = mended  # JSON
        for step in location[:-1]:
            parent = parent[step]
        if type_ == "extra_forbidden":
            del parent[location[-1]]
        else:
            parent[location[-1]] = _stand_in(location, numbers)
    return mended


def _stand_in(location: Location, numbers: Iterable[int]) -> Any:
    field = location[-1]
    if isinstance(field, str):
        return f"\0{next(iter(numbers))}" if field == "id" else _STAND_INS[field]
    table = str(location[-2])
    if len(location) == 2 or table == "openings":
        return {name: _stand_in((*location, name), numbers) for name in _FIELDS[table]}
    return 0 if table == "places" else ""  # an id in a list of ids


def written_twice(text: str | bytes) -> list[tuple[Location, Any]]:
    """Every field that an object in the JSON in `text` has more than once, with its last value.

    Readers of JSON keep the last one and say nothing, so that the first is lost. Nothing is found in what is no JSON.
    """
    repeats: dict[int, list[str]] = {}  # by the identity of the object; all of them live as long as `document`
    kept: list[object] = []

    def read(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            kept.append(made)
            counts = Counter(name for name, _ in pairs)
            repeats[id(made)] = [name for name, times in counts.items() if times > 1]
        return made

    try:
        document = json.loads(text, object_pairs_hook=read)
    except (ValueError, RecursionError):
        return []
    return list(_places(document, repeats, ())) if repeats else []


def _places(value: Any, repeats: dict[int, list[str]], at: Location) -> Iterator[tuple[Location, Any]]:
    if isinstance(value, dict):
        yield from (((*at, name), value[name]) for name in repeats.get(id(value), ()))
        for name, inner in value.items():
            yield from _places(inner, repeats, (*at, name))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _places(inner, repeats, (*at, i))


class Spoiled:
    """The locations that have a fault of the schema, so that nothing can be said of their values."""

    def __init__(self, locations: Iterable[Location]) -> None:
        self._exact = set(locations)
        self._above = {at[:n] for at in self._exact for n in range(3, len(at))}
        self._tables = {at[0] for at in self._exact if len(at) < 3 or at[2] == "id"}
        self._fields = {(at[0], at[2]) for at in self._exact if len(at) > 2}

    def has(self, location: Location) -> bool:
        """Whether a fault is at, above or below `location`.

        `("doctors",)` means the ids of that table, `("hospitals", "openings")` that field of all its elements.
        """
        if len(location) == 1:
            return location[0] in self._tables
        if len(location) == 2:
            return location[0] in self._tables or location in self._fields
        return location in self._above or any(location[:n] in self._exact for n in range(1, len(location) + 1))
