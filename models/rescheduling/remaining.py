"""What is left of openings and availabilities once some hours are lost."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from models.base import ends
from models.rescheduling.lost import Lost
from planner.instants import join
from planner.problem import Availability, Hospital, Period

Span = tuple[dt.datetime, dt.datetime]
"""A period `[start, end)`."""


class Remaining:
    """What some lost hours leave, by the planner's words and ids."""

    def __init__(self, lost: Iterable[Lost]) -> None:
        spans: defaultdict[tuple[uuid.UUID | None, uuid.UUID | None], list[Span]] = defaultdict(list)
        for each in lost:
            spans[each.doctor, each.hospital].append(ends(each.during))
        self._spans = dict(spans)
        self._gone = cache(self._join)

    def open(self, hospital: Hospital) -> Hospital:
        """A hospital without the hours that everybody loses there."""
        gone = self._gone(None, uuid.UUID(hospital.id))
        openings = (Period(*rest) for each in hospital.openings for rest in without(each.start, each.end, gone))
        return Hospital(hospital.id, hospital.timezone, tuple(openings))

    def available(self, availability: Availability) -> Iterator[Availability]:
        """An availability without what its doctor loses there, in pieces."""
        gone = self._gone(uuid.UUID(availability.doctor), uuid.UUID(availability.hospital))
        for start, end in without(availability.start, availability.end, gone):
            yield Availability(availability.doctor, availability.hospital, start, end)

    def away(self, doctor: uuid.UUID) -> list[Span]:
        """What a doctor loses in person, wherever it is; ascending, joined."""
        return join(span for (who, _), spans in self._spans.items() if who == doctor for span in spans)

    def _join(self, doctor: uuid.UUID | None, hospital: uuid.UUID) -> list[Span]:
        """What a doctor (None: everybody) loses at a hospital; ascending, joined."""
        keys = {(who, where) for who in (doctor, None) for where in (hospital, None)}
        return join(span for key in keys for span in self._spans.get(key, ()))


def without(start: dt.datetime, end: dt.datetime, gone: Sequence[Span]) -> Iterator[Span]:
    """What the ascending, disjoint periods `gone` leave of `[start, end)`, in order."""
    for gone_from, gone_until in gone:
        if gone_until <= start:
            continue
        if gone_from >= end:
            break
        if start < gone_from:
            yield start, gone_from
        start = gone_until
    if start < end:
        yield start, end
