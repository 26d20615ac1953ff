"""The last planning runs as rows: how many requests, how long, what came of them, and what was proved."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal, format_percent

from api.web import clocks
from api.web.words import LOCALE, t
from models.booking import PlanningRun, RunStatus
from models.overview.runs import Proof, proof, seconds

_BADGES = {
    RunStatus.PLANNING: "planning",
    RunStatus.COMMITTED: "completed",
    RunStatus.EXPIRED: "no_show",
    RunStatus.FAILED: "failed",
}
"""The colours of the frame that mean the same."""


@dataclass(frozen=True, slots=True)
class Row:
    """One run. `share`: its seconds, of the longest run's."""

    started: str
    badge: str
    status: str
    counts: tuple[str, ...]
    seconds: str
    share: float
    proof: str
    is_proved: bool
    error: str


@dataclass(frozen=True, slots=True)
class Runs:
    """The table, newest first."""

    rows: tuple[Row, ...]
    place: str


def runs(found: Sequence[PlanningRun], zone: ZoneInfo) -> Runs | None:
    """The table of some runs, with times by the clock of `zone`; None where there is none."""
    if not found:
        return None
    longest = max(seconds(run) or 0 for run in found) or 1
    return Runs(tuple(_row(run, zone, longest) for run in found), clocks.place(zone))


def told(found: Sequence[PlanningRun], now: dt.datetime) -> str:
    """What the last run came to, in one sentence."""
    if not found:
        return t("overview-runs-none")
    last = found[0]
    ago = clocks.ago(last.started_at, now)
    if last.status is not RunStatus.COMMITTED:
        return t(f"overview-runs-says-{last.status}", ago=ago, count=last.requests)
    lasted = clocks.lasting(seconds(last) or 0)
    return t(
        "overview-runs-says",
        ago=ago,
        booked=last.booked or 0,
        count=last.requests,
        lasted=lasted,
        proof=_proof(last) or t("overview-nothing-proved"),
    )


def _row(run: PlanningRun, zone: ZoneInfo, longest: float) -> Row:
    lasted = seconds(run)
    counts = (run.requests, run.booked, run.conflicts, run.requeued)
    proved = proof(run.outcome)
    return Row(
        started=clocks.when(run.started_at, zone),
        badge=_BADGES[run.status],
        status=t(f"overview-run-{run.status}"),
        counts=tuple("" if count is None else format_decimal(count, locale=LOCALE) for count in counts),
        seconds="" if lasted is None else format_decimal(lasted, "#,##0.0", locale=LOCALE),
        share=(lasted or 0) / longest,
        proof=_proof(run),
        is_proved=proved is not None and proved.best,
        error=run.error or "",
    )


def _proof(run: PlanningRun) -> str:
    found = proof(run.outcome)
    if found is None:
        return ""
    if found.goal is None:
        return t("overview-proved")
    return t(f"overview-gap-{found.goal}", gap=_within(found), count=abs(found.bound - found.reached))


def _within(found: Proof) -> str:
    """0.3%: rounded up, so that it holds."""
    tenths = -(-found.gap * 1000 // 1)
    return format_percent(tenths / 1000, "#,##0.#%", locale=LOCALE)
