"""Tables of counts by priority, with a bar in each row for all priorities together."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from babel.dates import format_timedelta
from babel.numbers import format_decimal

from api.web.rendering import query
from api.web.words import LOCALE, t
from models.overview.requests import AgeBand, DelayBand, Delays, Refusals, Waiting
from planner.problem import Priority


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `share`: the length of its bar, from 0 to 1. `address`: where to see what the last number counts."""

    label: str
    cells: tuple[str, ...]
    share: float = 0
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """The table. `rows` have bars, `foot` sums them up."""

    label: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    foot: tuple[Row, ...] = ()
    together: int = len(Priority)
    """Which column, counted from 0, is about all priorities together."""


def of_waiting(found: Sequence[Waiting]) -> Bars | None:
    """What waits, by age; None where nothing does."""
    most = max(sum(each.by_age[band] for each in found) for band in AgeBand)
    if not most:
        return None
    rows = (_row(t(f"overview-age-{_key(band)}"), [each.by_age[band] for each in found], most) for band in AgeBand)
    oldest = [each.oldest_seconds for each in found]
    longest = max(seconds for seconds in oldest if seconds is not None)
    foot = Row(t("overview-oldest"), tuple(_age(seconds) for seconds in (*oldest, longest)))
    return Bars(t("overview-age"), _columns(), tuple(rows), (foot,))


def tell_waiting(found: Sequence[Waiting]) -> str:
    """What waits, in one sentence."""
    total = sum(each.total for each in found)
    if not total:
        return t("overview-waiting-none")
    urgent = next(each.total for each in found if each.priority is Priority.URGENT)
    oldest = max(each.oldest_seconds for each in found if each.oldest_seconds is not None)
    return t("overview-waiting-says", count=total, urgent=urgent, oldest=_age(oldest))


def of_delays(found: Sequence[Delays]) -> Bars | None:
    """How soon patients are seen; None where nobody was booked."""
    *priorities, together = found
    if not together.requests:
        return None
    most = max(together.by_delay.values())
    rows = (
        _row(t(f"overview-delay-{_key(band)}"), [each.by_delay[band] for each in priorities], most)
        for band in DelayBand
    )
    foot = (
        Row(t("overview-median"), tuple(days(each.median_days) for each in found)),
        Row(t("overview-ninetieth"), tuple(days(each.ninetieth_days) for each in found)),
    )
    return Bars(t("overview-delay"), _columns(), tuple(rows), foot)


def tell_delays(found: Sequence[Delays], back: int) -> str:
    """How soon patients are seen, in one sentence."""
    *_, together = found
    if together.median_days is None or together.ninetieth_days is None:
        return t("overview-delays-none", days=back)
    return t(
        "overview-delays-says",
        count=together.requests,
        days=back,
        median=days(together.median_days),
        ninetieth=days(together.ninetieth_days),
    )


def of_refusals(found: Sequence[Refusals]) -> Bars | None:
    """Why requests were refused; None where none was."""
    most = max(each.total for each in found)
    if not most:
        return None
    rows = (
        _row(
            t(f"common-kind-{_key(each.kind)}"),
            list(each.by_priority.values()),
            most,
            standing=each.standing,
            address=f"/app/requests{query({'status': 'conflict', 'kind': each.kind})}" if each.standing else None,
        )
        for each in sorted(found, key=lambda each: -each.total)
    )
    return Bars(t("overview-kind"), (*_columns(), t("overview-standing")), tuple(rows))


def tell_refusals(found: Sequence[Refusals], back: int) -> str:
    """Why requests were refused, in one sentence."""
    total = sum(each.total for each in found)
    if not total:
        return t("overview-refusals-none", days=back)
    most = max(found, key=lambda each: each.total)
    standing = sum(each.standing for each in found)
    reason = t(f"overview-because-{_key(most.kind)}")
    return t("overview-refusals-says", count=total, days=back, reason=reason, share=most.total, standing=standing)


def days(number: float | None) -> str:
    """3.2: a number of days with one decimal place; a dash where there is none."""
    return t("overview-no-hours") if number is None else format_decimal(round(number, 1), locale=LOCALE)


def _columns() -> tuple[str, ...]:
    return (*(t(f"overview-priority-{priority}") for priority in Priority), t("overview-all"))


def _row(
    label: str,
    numbers: Sequence[int],
    longest: int,
    *,
    standing: int | None = None,
    address: str | None = None,
) -> Row:
    shown = [*numbers, sum(numbers)] if standing is None else [*numbers, sum(numbers), standing]
    return Row(label, tuple(_counts(shown)), sum(numbers) / longest, address)


def _counts(numbers: Iterable[int]) -> list[str]:
    return [format_decimal(number, locale=LOCALE) for number in numbers]


def _age(seconds: float | None) -> str:
    """4 minutes; a dash where there is none."""
    if seconds is None:
        return t("overview-no-hours")
    return format_timedelta(dt.timedelta(seconds=max(round(seconds), 1)), locale=LOCALE, threshold=1.5)


def _key(value: str) -> str:
    return value.replace("_", "-")
