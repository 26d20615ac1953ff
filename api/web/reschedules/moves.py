"""The appointments of a reschedule as rows: who goes from where to where, who is left over and why."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.conflict_view import Names
from api.pages import encode
from api.web import clocks, hospitals
from api.web.reschedules.naming import Known
from api.web.reschedules.telling import hours
from api.web.words import t
from models.rescheduling.reading import Item, Kind, Place, items
from models.schedule import AppointmentStatus

AT_FIRST, AT_ONCE = 20, 100
"""How many rows of a kind a job's page shows, and how many come with each asking for more."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some appointments, and the cursor of those after them; None where there are no more."""

    rows: Sequence["Row"]
    after: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """An appointment in words. `reason` and `alternatives`: of one that is left over."""

    item: Item
    reason: str
    alternatives: Sequence[str]

    @property
    def before(self) -> str:
        """The old hour, by its hospital's clock."""
        return _when(self.item.before, self.item.after)

    @property
    def after(self) -> str:
        """The new hour, by its hospital's clock; empty where there is none."""
        return _when(self.item.after, self.item.before) if self.item.after else ""

    @property
    def with_before(self) -> str:
        """Whom and where the old hour was."""
        return _who(self.item.before)

    @property
    def with_after(self) -> str:
        """Whom and where the new hour is, where either is another; else empty."""
        before, after = self.item.before, self.item.after
        if after is None or (before.doctor.id, before.hospital.id) == (after.doctor.id, after.hospital.id):
            return ""
        return _who(after)

    @property
    def shift(self) -> str:
        """How far it moves and which way: `2 days later`."""
        if self.item.after is None:
            return ""
        moved = self.item.after.start - self.item.before.start
        if not moved:
            return t("reschedules-shift-none")
        way = "earlier" if moved < dt.timedelta() else "later"
        if not self.item.shift:  # where hospitals' clocks differ by less than an hour
            return t(f"reschedules-minutes-{way}", minutes=abs(moved) // dt.timedelta(minutes=1))
        days = (self.item.shift + 12) // 24
        if self.item.shift < 48:
            return t(f"reschedules-hours-{way}", hours=hours(self.item.shift))
        return t(f"reschedules-days-{way}", days=days)

    @property
    def kind(self) -> str:
        """Why it is left over, in a few words."""
        kind = self.item.conflict_kind
        return t(f"common-kind-{kind.replace('_', '-')}") if kind else ""

    @property
    def schedule(self) -> str:
        """The address of the schedule on the day of the old hour."""
        return hospitals.schedule_on(self.item.before.hospital.external_id, self.item.before.start.date())

    @property
    def state(self) -> str:
        """What became of one that was left standing."""
        if not self.item.seen_to:
            return t("reschedules-left-open")
        moved = self.item.status is AppointmentStatus.BOOKED
        return t("reschedules-left-moved") if moved else t(f"common-status-{self.item.status.replace('_', '-')}")


def read_rows(
    session: Session,
    job: uuid.UUID,
    kind: Kind,
    after: tuple[dt.datetime, uuid.UUID] | None = None,
    limit: int = AT_ONCE,
) -> Rows:
    """The first `limit` appointments of a kind, in the order of their old hours, after the one that `after` names."""
    found = items(session, job, kind=kind, after=after, limit=limit + 1)
    page, more = found[:limit], len(found) > limit
    last = page[-1] if more else None
    names = Names.of(session, [item.conflict for item in page if item.conflict])
    known = Known.of(session, [item.conflict["message"] for item in page if item.conflict])
    return Rows(
        [_row(item, names, known) for item in page],
        encode(last.before.start.astimezone(dt.UTC), last.appointment) if last else None,
    )


def _row(item: Item, names: Names, known: Known) -> Row:
    conflict: Mapping[str, Any] = item.conflict or {}  # Any: the planner's facts
    alternatives = [
        t(
            "reschedules-alternative",
            when=told_hour(dt.datetime.fromisoformat(each.start), ZoneInfo(each.hospital.timezone)),
            doctor=each.doctor.name,
            hospital=each.hospital.name,
            gives_up="; ".join(each.gives_up),
        )
        for each in names.alternatives(conflict.get("alternatives", ()))
    ]
    return Row(item, known.told(conflict.get("message", "")), alternatives)


def told_hour(start: dt.datetime, zone: ZoneInfo) -> str:
    """Tue 12 Jan, 10:00."""
    return f"{clocks.short_day(start.astimezone(zone).date())}, {clocks.clock(start, zone)}"


def _when(place: Place, other: Place | None) -> str:
    """An hour; with the name of its clock where that of the other hour is another."""
    zone = ZoneInfo(place.hospital.timezone)
    told = told_hour(place.start, zone)
    if other is None or other.hospital.timezone == zone.key:
        return told
    return t("reschedules-hour-by", hour=told, place=clocks.place(zone))


def _who(place: Place) -> str:
    return t("reschedules-with-at", doctor=place.doctor.name, hospital=place.hospital.name)
