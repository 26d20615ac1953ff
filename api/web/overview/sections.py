"""The sections of the overview. Each says in one sentence what its numbers show, and gives them as a file too."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.overview import today, utilisation_of
from api.web import clocks
from api.web.hospitals import Choice
from api.web.overview import bars, heat, runs
from api.web.overview.asked import Asked
from api.web.overview.bars import Bars
from api.web.overview.heat import Heat
from api.web.overview.runs import Runs
from api.web.rendering import query
from api.web.words import t
from models.hospitals import Hospital
from models.hours import instant_of
from models.overview import requests
from models.overview.runs import last_runs
from models.overview.utilisation import next_hours

MOST_RUNS = 1000
"""The most planning runs in a file."""


class Link(NamedTuple):
    """Where to look instead."""

    words: str
    address: str


@dataclass(frozen=True, slots=True)
class Section:
    """`numbers`: what `template` shows; None: there is nothing to show, but there may be `elsewhere`.

    `file`: the address of all numbers as CSV.
    """

    name: str
    says: str
    file: str
    numbers: Heat | Bars | Runs | None
    elsewhere: Link | None = None

    @property
    def template(self) -> str:
        """The template of its numbers."""
        if self.numbers is None:
            return "overview/empty.html"
        return f"overview/{type(self.numbers).__name__.lower()}.html"

    @property
    def digest(self) -> str:
        """A name of its words and numbers: other ones have another name."""
        return hashlib.sha256(repr((self.says, self.numbers)).encode()).hexdigest()[:8]


def first_week(session: Session, at: Hospital | None, now: dt.datetime) -> dt.date:
    """The Monday of this week or, where nobody sees patients from then on, of the next week in which somebody does."""
    if at is None:
        return clocks.monday(now.date())
    this = clocks.monday(today(at, now))
    zone = ZoneInfo(at.timezone)
    somebody = next_hours(session, at.id, instant_of(this, 0, zone))
    return clocks.monday(somebody.astimezone(zone).date()) if somebody else this


def sections(session: Session, choice: Choice, asked: Asked, first: dt.date, now: dt.datetime) -> Iterator[Section]:
    """All of them, in the order of the page. `first`: the first day of the days to show."""
    if choice.chosen:
        yield _utilisation(session, choice.chosen, asked, first, now)
    since = now - dt.timedelta(days=asked.days)
    back = query({"days": str(asked.days)})
    waits = requests.waiting(session, now)
    yield Section("waiting", bars.tell_waiting(waits), "/overview/waiting.csv", bars.of_waiting(waits))
    delays = requests.delays(session, since)
    told = bars.tell_delays(delays, asked.days)
    yield Section("delays", told, f"/overview/time-to-appointment.csv{back}", bars.of_delays(delays))
    refused = requests.refusals(session, since)
    told = bars.tell_refusals(refused, asked.days)
    yield Section("refusals", told, f"/overview/conflicts.csv{back}", bars.of_refusals(refused))
    last = last_runs(session, asked.runs)
    file = f"/planning-runs.csv{query({'limit': str(MOST_RUNS)})}"
    yield Section("runs", runs.told(last, now), file, runs.runs(last, choice.zone))


def _utilisation(session: Session, at: Hospital, asked: Asked, first: dt.date, now: dt.datetime) -> Section:
    found = utilisation_of(session, at, first, asked.weeks, now)
    wanted = query({"hospital": at.external_id, "from": str(first), "weeks": str(asked.weeks)})
    return Section(
        "utilisation",
        heat.told(found),
        f"/overview/utilisation.csv{wanted}",
        heat.heat(found, at, today(at, now)),
        None if found.total.bookable else _later(session, at, asked, first),
    )


def _later(session: Session, at: Hospital, asked: Asked, first: dt.date) -> Link | None:
    """The first week after the days shown in which there is anything to be booked."""
    zone = ZoneInfo(at.timezone)
    somebody = next_hours(session, at.id, instant_of(first + dt.timedelta(weeks=asked.weeks), 0, zone))
    if somebody is None:
        return None
    monday = clocks.monday(somebody.astimezone(zone).date())
    return Link(t("overview-elsewhere", day=clocks.short_day(monday)), asked.address(first=monday))
