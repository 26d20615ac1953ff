"""A reschedule in words: what happened, what is asked, how it stands, and what the proposal comes to."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.named import HospitalName, PersonName, hospital_names, user_names
from api.web import clocks
from api.web.hospitals import Choice
from api.web.words import LOCALE, t
from models.overview.runs import Goal, Proof, proof
from models.rescheduling.inputs import Policy, Scope
from models.rescheduling.jobs import UNPLANNED
from models.rescheduling.reading import Counts, Summary, counts
from models.rescheduling.tables import Cause, Reschedule, RescheduledAppointment, RescheduleStatus

_BADGES = {
    RescheduleStatus.QUEUED: "queued",
    RescheduleStatus.PLANNING: "planning",
    RescheduleStatus.PROPOSED: "proposed",
    RescheduleStatus.APPLIED: "booked",
    RescheduleStatus.DISCARDED: "cancelled",
    RescheduleStatus.FAILED: "failed",
    RescheduleStatus.UNDONE: "undone",
}
"""The colours of the frame that mean the same."""


@dataclass(frozen=True)
class Told:
    """A job, and the words for it. `zone`: the clock that its period is told by."""

    job: Reschedule
    counts: Counts
    doctors: Mapping[uuid.UUID, PersonName]
    hospitals: Mapping[uuid.UUID, HospitalName]
    zone: ZoneInfo
    now: dt.datetime

    @cached_property
    def scope(self) -> Scope:
        """What is lost."""
        return Scope.model_validate(self.job.scope)

    @cached_property
    def policy(self) -> Policy:
        """What may be done about it."""
        return Policy.model_validate(self.job.policy)

    @property
    def title(self) -> str:
        """What the job is called by whoever asked for it, or else what happened."""
        return self.job.label or self.cause

    @property
    def cause(self) -> str:
        """What happened."""
        cause = self.job.cause
        if cause is Cause.APPOINTMENTS:
            return t("reschedules-told-appointments", count=len(self.scope.hours or ()))
        return t(f"reschedules-told-{cause.replace('_', '-')}", doctors=self.whom, hospital=self.where)

    @property
    def whom(self) -> str:
        """The doctors concerned."""
        names = [self.doctors[each].name for each in self.scope.doctors or () if each in self.doctors]
        if not names:
            return ""
        return t("reschedules-whom", first=names[0], second=names[1] if len(names) > 1 else "", count=len(names))

    @property
    def doctor_names(self) -> str:
        """All of them by name."""
        return ", ".join(self.doctors[each].name for each in self.scope.doctors or () if each in self.doctors)

    @property
    def where(self) -> str:
        """The hospital concerned; empty where it is any."""
        hospital = self.hospitals.get(self.scope.hospital) if self.scope.hospital else None
        return hospital.name if hospital else ""

    @property
    def period(self) -> str:
        """From when to when; empty where that is not one period."""
        return told_period(self.scope.start, self.scope.end, self.zone) if self.scope.start and self.scope.end else ""

    @property
    def place(self) -> str:
        """What that clock is called."""
        return clocks.place(self.zone)

    @property
    def waits(self) -> bool:
        """Whether there is no proposal yet."""
        return self.job.status in UNPLANNED

    @property
    def badge(self) -> str:
        """The class of the status' colours."""
        return _BADGES[self.job.status]

    @property
    def status(self) -> str:
        """How it stands; of a question that is answered, that it is."""
        answered = self.job.what_if and self.job.status is RescheduleStatus.PROPOSED
        return t("reschedules-status-answered" if answered else f"reschedules-status-{self.job.status}")

    @property
    def age(self) -> str:
        """When it was asked for."""
        return clocks.ago(self.job.created_at, self.now)

    @property
    def seconds(self) -> str:
        """How long it took to plan; empty while it does."""
        took = self.job.planned_at - self.job.created_at if self.job.planned_at else None
        return clocks.lasting(took.total_seconds()) if took else ""


def tell(session: Session, jobs: Sequence[Reschedule], choice: Choice, now: dt.datetime) -> list[Told]:
    """The words for some jobs. One that concerns no hospital, or several with different clocks, is told by the clock
    of the one in `choice`.
    """
    zones = {each.id: ZoneInfo(each.timezone) for each in choice.all}
    scopes = [Scope.model_validate(job.scope) for job in jobs]
    doctors = user_names(session, {each for scope in scopes for each in scope.doctors or ()})
    hospitals = hospital_names(session, {scope.hospital for scope in scopes if scope.hospital})
    concerned = _hospitals_of(session, [job.id for job in jobs])
    numbers = counts(session, [job.id for job in jobs])
    told = []
    for job, scope in zip(jobs, scopes, strict=True):
        found = {zones[each] for each in ([scope.hospital] if scope.hospital else concerned.get(job.id, ()))}
        zone = found.pop() if len(found) == 1 else choice.zone
        told.append(Told(job, numbers[job.id], doctors, hospitals, zone, now))
    return told


def told_period(start: dt.datetime, end: dt.datetime, zone: ZoneInfo) -> str:
    """Thu 3 Dec 2026 for a whole day, with times otherwise; from when to when where it is more than one day."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.time() == last.time() == dt.time():
        until = format_date((last - dt.timedelta.resolution).date(), "EEE d MMM y", LOCALE)
        since = format_date(first.date(), "EEE d MMM y", LOCALE)
        return until if since == until else f"{since.removesuffix(until[-5:])} \u2013 {until}"
    if first.date() == last.date():
        return f"{format_date(first.date(), 'EEE d MMM y', LOCALE)}, {clocks.span(start, end, zone)}"
    return f"{clocks.when(start, zone)} \u2013 {clocks.when(end, zone)}"


def sentence(told: Told, found: Summary) -> str:
    """What a proposal comes to, in one sentence."""
    number = found.counts
    if not number.displaced:
        return t("reschedules-says-nobody")
    mean = found.shift_total / (number.placed + number.others) if number.placed + number.others else 0
    share = "none" if not number.placed else "some" if number.unplaced else "all"
    parts = [
        t(
            "reschedules-says-placed",
            placed=number.placed,
            displaced=number.displaced,
            share=share,
            done=_done(told.job),
        ),
        t("reschedules-says-others", count=number.others, done=_done(told.job)),
    ]
    if number.placed:
        parts.append(
            t("reschedules-says-shift-hours", hours=hours(mean))
            if mean < 48
            else t("reschedules-says-shift-days", days=hours(mean / 24))
        )
    if proved := told_proof(proof(told.job.plan)):
        parts.append(proved)
    return "; ".join(parts) + "."


def told_proof(found: Proof | None) -> str:
    """What was proved of a proposal; empty where nothing was."""
    if found is None:
        return ""
    missing = abs(found.bound - found.reached)
    match found.goal:
        case None:
            return t("reschedules-proved")
        case Goal.INCONVENIENCE:
            return t("reschedules-gap-hours", hours=hours(missing))
        case Goal.MOVED:
            return t("reschedules-gap-moved", count=missing)
        case _:
            return t("reschedules-gap-placed", count=missing)


def hours(number: float) -> str:
    """1,204 or 3.5: a number of hours, with one decimal place where it is small."""
    return format_decimal(round(number, 1 if number < 100 else None), locale=LOCALE)


def _hospitals_of(session: Session, jobs: Sequence[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Where the displaced appointments of each job are."""
    table = RescheduledAppointment
    rows = session.execute(
        select(table.reschedule_id, table.hospital_id).where(table.reschedule_id.in_(jobs)).distinct()
    )
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for job, hospital in rows:
        found.setdefault(job, set()).add(hospital)
    return found


def _done(job: Reschedule) -> str:
    """How far what a proposal says is true: `done`, `planned`, or only `asked`."""
    if job.status in (RescheduleStatus.APPLIED, RescheduleStatus.UNDONE):
        return "done"
    return "asked" if job.what_if else "planned"
