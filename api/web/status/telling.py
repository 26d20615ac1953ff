"""Figures in words."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from babel.numbers import format_decimal

from api.web import clocks
from api.web.words import LOCALE, t
from models.seeing.alarms import Away
from models.seeing.figures import Figures


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers in rows, the first cell of each being its head. `says`: what they come to, in one sentence."""

    name: str
    says: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something about the instance. `address`: where there is more of it."""

    name: str
    says: str
    address: str | None = None


def tables(figures: Figures) -> tuple[Table, ...]:
    """What waits by priority and by hospital, and what is told by channel."""
    return (_waiting(figures), _shares(figures), _messages(figures))


def _waiting(figures: Figures) -> Table:
    rows = (
        (t(f"overview-priority-{priority}"), _number(each.queued), _number(each.planning), _lasting(each.oldest))
        for priority, each in figures.waiting.items()
    )
    oldest = figures.oldest
    says = (
        t("status-queue-says", count=figures.undecided, oldest=clocks.lasting(oldest))
        if oldest is not None
        else t("status-queue-none")
    )
    return Table("queue", says, _columns("priority", "queued", "planning", "oldest"), tuple(rows))


def _shares(figures: Figures) -> Table:
    rows = (
        (each.hospital or t("status-any-hospital"), _number(each.undecided), _lasting(each.oldest))
        for each in figures.shares
    )
    says = t("status-shares-says") if figures.shares else t("status-shares-none")
    return Table("shares", says, _columns("hospital", "undecided", "oldest"), tuple(rows))


def _messages(figures: Figures) -> Table:
    rows = (
        (t(f"messages-channel-{channel}"), _number(each.pending), _lasting(each.oldest), _number(each.dead))
        for channel, each in figures.messages.items()
    )
    pending = sum(each.pending for each in figures.messages.values())
    says = t("status-messages-says", pending=pending, worth=figures.worth_sending)
    return Table("messages", says, _columns("channel", "pending", "oldest", "dead"), tuple(rows))


def facts(figures: Figures, away: Away, now: dt.datetime) -> Iterator[Fact]:
    """Everything else, each in one sentence."""
    lately = figures.lately
    if lately.half is None or lately.nearly_all is None:
        yield Fact("pace", t("status-pace-none"))
    else:
        half, nearly_all = clocks.lasting(lately.half), clocks.lasting(lately.nearly_all)
        yield Fact("pace", t("status-pace-says", half=half, all=nearly_all))
    yield Fact("runs", t("status-runs-says", expired=figures.expired_runs, failed=figures.failed_runs), "/app/overview")
    last = figures.validated.last
    validated = t("status-validated-says", ago=clocks.ago(last, now)) if last else t("status-validated-none")
    yield Fact("validated", validated, "/app/validation")
    yield Fact("services", t(f"status-services-{_services(away)}"))
    unsealed = figures.unsealed
    sealed = t("status-audit-all") if unsealed.oldest is None else t("status-audit-says", count=unsealed.entries)
    yield Fact("audit", sealed)


def _services(away: Away) -> str:
    if not away.broker:
        return "no-broker"
    return "all" if away.workers else "no-workers"


def _columns(*names: str) -> tuple[str, ...]:
    return tuple(t(f"status-column-{name}") for name in names)


def _number(number: int) -> str:
    return format_decimal(number, locale=LOCALE)


def _lasting(seconds: float | None) -> str:
    return t("overview-no-hours") if seconds is None else clocks.lasting(seconds)
