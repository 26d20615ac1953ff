"""What is left of a hospital's days when hours are lost, by its own clock."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from models.hours import instant_of
from models.rescheduling.remaining import Span as Period
from models.rescheduling.remaining import without
from models.stored_hours import Spans
from planner.instants import join

Span = tuple[int, int]
"""A period of one day: `[opens, closes)` in minutes after its local midnight."""

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """What a hospital keeps: weekly hours (1 = Monday), and those of some dates instead."""

    week: Mapping[int, Spans]
    dated: Mapping[dt.date, Spans]
    zone: ZoneInfo

    def of(self, day: dt.date) -> Spans:
        """The periods of one day."""
        return self.dated.get(day, self.week.get(day.isoweekday(), ()))

    def period(self, day: dt.date, span: Span) -> Period:
        """The instants between which a period of one day lasts."""
        return instant_of(day, span[0], self.zone), instant_of(day, span[1], self.zone, closing=True)

    def date(self, instant: dt.datetime) -> dt.date:
        """The date of an instant by the hospital's clock."""
        return instant.astimezone(self.zone).date()

    def minutes(self, instant: dt.datetime, day: dt.date) -> float:
        """How long after the midnight of `day` the hospital's clock shows the time of an instant."""
        wall = instant.astimezone(self.zone).replace(tzinfo=None)
        return (wall - dt.datetime.combine(day, dt.time())) / dt.timedelta(minutes=1)


def days_less(hours: Hours, lost: Iterable[Period]) -> dict[dt.date, Spans]:
    """The dated hours by which a hospital is closed for what is `lost`; only those of the days that change.

    A period past midnight belongs to the day it starts on: what is left of it after midnight, where its evening is
    lost, belongs to the next day. Dated hours have whole minutes and cannot tell the two equal times of a day on which
    clocks are put back, so such a day may stay open for a little of what is lost; it is never closed for what is not.
    """
    gone = join(lost)
    left: dict[dt.date, list[Span]] = {}
    late: list[tuple[dt.date, Span]] = []
    for day in _touched(hours, gone):
        if any(_overlaps(*hours.period(day, span), gone) for span in hours.of(day)):
            rest = [(date, span) for each in hours.of(day) for date, span in _rest(hours, day, each, gone)]
            left[day] = [span for date, span in rest if date == day]
            late += [(date, span) for date, span in rest if date != day]
    for date, span in late:
        left[date] = [*left.get(date, hours.of(date)), span]
    return {date: _joined(hours, date, spans) for date, spans in left.items()}


def days_with(hours: Hours, kept: Iterable[Period]) -> dict[dt.date, Spans]:
    """The dated hours by which a hospital is open for what is `kept`; only those of the days that change."""
    more: dict[dt.date, list[Span]] = {}
    for start, end in sorted(kept):
        date = hours.date(start)
        around = [
            hours.period(day, span)
            for day in (date - DAY, date, date + DAY)
            for span in (*hours.of(day), *more.get(day, ()))
        ]
        if any(without(start, end, join(around))):
            more.setdefault(date, []).append(_span(hours, date, start, end))
    return {date: _joined(hours, date, [*hours.of(date), *spans]) for date, spans in more.items()}


def _overlaps(start: dt.datetime, end: dt.datetime, gone: Iterable[Period]) -> bool:
    return any(max(start, lost_from) < min(end, lost_until) for lost_from, lost_until in gone)


def _touched(hours: Hours, gone: Iterable[Period]) -> list[dt.date]:
    """The days whose periods, which may run past midnight, can overlap `gone`."""
    touched = set()
    for start, end in gone:
        first, last = hours.date(start) - DAY, hours.date(end)
        touched |= {first + offset * DAY for offset in range((last - first).days + 1)}
    return sorted(touched)


def _rest(hours: Hours, day: dt.date, span: Span, gone: Sequence[Period]) -> Iterator[tuple[dt.date, Span]]:
    """What is left of a period of `day`, each piece with the date it starts on."""
    for start, end in without(*hours.period(day, span), gone):
        date = hours.date(start)
        yield date, _span(hours, date, start, end)


def _joined(hours: Hours, day: dt.date, spans: Iterable[Span]) -> Spans:
    """Periods of a day, joined where they touch: where a time does not exist, two times can be one instant."""
    periods = join(hours.period(day, span) for span in spans)
    return join(_span(hours, day, start, end) for start, end in periods)


def _span(hours: Hours, day: dt.date, start: dt.datetime, end: dt.datetime) -> Span:
    """The shortest period of whole minutes of `day` that covers `[start, end)`.

    By the clock, a period may end before it starts where the clocks are put back in it. Of equal times it opens at the
    first and closes at the second (`instant_of`), so from the earlier time to the later one covers it.
    """
    times = sorted((hours.minutes(start, day), hours.minutes(end, day)))
    opens, closes = int(times[0] // 1), -int(-times[1] // 1)
    return opens, max(closes, opens + 1)
