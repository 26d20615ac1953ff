"""What wants an operator's attention, why, and what to do about it.

Every alarm has an alert of the same name for those who watch by Prometheus (`ops/alerts.yml`).
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from models.seeing.broker import Trouble
from models.seeing.figures import Figures
from models.settings import Settings
from models.wording import counted

FULL = 0.9
"""Of MAX_QUEUED: from here on the queue is nearly full."""

MANY_LOST = 3
"""Runs lost in an hour. One or two are a restart."""

LATE_MESSAGE = dt.timedelta(minutes=15)
NIGHT_OVERDUE = dt.timedelta(hours=26)
"""A night's validation is begun every 24 hours, and may take its time."""

SHORT_BY_DAYS = 2
"""Openings are projected once a day; one day less is a matter of the hour."""

LATE_SEAL = dt.timedelta(minutes=5)

SILENCE = 60.0
"""Seconds. A worker that plans hears of no sweep meanwhile."""


class Severity(StrEnum):
    """`critical`: people wait in vain or are told what is wrong. `warning`: it will come to that."""

    CRITICAL = "critical"
    WARNING = "warning"


class AlarmName(StrEnum):
    """The names of all alarms, those that matter most first."""

    DATABASE_AWAY = "DatabaseAway"
    MIGRATIONS_PENDING = "MigrationsPending"
    BROKER_AWAY = "BrokerAway"
    WORKERS_AWAY = "WorkersAway"
    BEAT_SILENT = "BeatSilent"
    QUEUE_FULL = "QueueFull"
    REQUESTS_FAILED = "RequestsFailed"
    VALIDATION_ERRORS = "ValidationErrors"
    QUEUE_AGING = "QueueAging"
    RUNS_LOST = "RunsLost"
    MESSAGES_DEAD = "MessagesDead"
    MESSAGES_AGING = "MessagesAging"
    VALIDATION_MISSING = "ValidationMissing"
    OPENINGS_SHORT = "OpeningsShort"
    AUDIT_UNSEALED = "AuditUnsealed"


_CRITICAL = frozenset(
    {
        AlarmName.DATABASE_AWAY,
        AlarmName.MIGRATIONS_PENDING,
        AlarmName.BROKER_AWAY,
        AlarmName.WORKERS_AWAY,
        AlarmName.BEAT_SILENT,
        AlarmName.QUEUE_FULL,
        AlarmName.REQUESTS_FAILED,
        AlarmName.VALIDATION_ERRORS,
    }
)

_REMEDIES = {
    AlarmName.DATABASE_AWAY: "Start PostgreSQL or mend the way to it; what was acknowledged waits there.",
    AlarmName.MIGRATIONS_PENDING: "Run `slotwise migrate` as the owner of the tables.",
    AlarmName.WORKERS_AWAY: "Start workers, or read in their logs why they do not answer.",
    AlarmName.BEAT_SILENT: "Start beat; where it runs, all workers are busy for long: add some.",
    AlarmName.QUEUE_FULL: "Add workers, and see who sends that much; beyond the bound new requests are refused.",
    AlarmName.REQUESTS_FAILED: "Read why in the requests and in the errors of their runs, mend it, and ask again.",
    AlarmName.VALIDATION_ERRORS: "Look at the page Validation, or run `slotwise validate`: it says what mends it.",
    AlarmName.QUEUE_AGING: "See whether workers answer, are busy (add some), or fail (their logs say why).",
    AlarmName.RUNS_LOST: "Read the errors of the runs: workers were killed, or plans outlasted their lease.",
    AlarmName.MESSAGES_DEAD: "Look at the page Messages for the reason, mend it, and press Retry.",
    AlarmName.MESSAGES_AGING: "See that a worker takes the queue `deliveries`, and that the receivers answer.",
    AlarmName.VALIDATION_MISSING: "See that beat and workers run, then run `slotwise validate`.",
    AlarmName.OPENINGS_SHORT: "See that beat and workers run, and what `slotwise.extend_openings` says in their logs.",
    AlarmName.AUDIT_UNSEALED: "See that beat and workers run, and what `slotwise.seal_audit` says in their logs.",
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """A condition that wants attention, in one sentence, and what to do about it in another."""

    name: AlarmName
    severity: Severity
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Away:
    """What does not answer. `database`: why, None where it does. `broker`: whether Redis takes messages, `workers`:
    whether they answer; None: nobody has asked. `trouble`: why Redis takes none, where it does not. `silent`: for how
    many seconds beat has rung for no worker; None: none can say.
    """

    database: str | None = None
    pending: int = 0
    broker: bool | None = None
    trouble: Trouble = Trouble.AWAY
    workers: bool | None = None
    silent: float | None = None


def alarms(figures: Figures | None, chosen: Settings, now: dt.datetime, away: Away | None = None) -> list[Alarm]:
    """What wants attention at `now`, what matters most first. `figures` None: they cannot be read."""
    found = dict(_of_services(away, chosen.sweep_every) if away else ())
    if figures:
        found |= dict(_of_queue(figures, chosen))
        found |= dict(_of_messages(figures))
        found |= dict(_of_nights(figures, chosen, now))
    remedies = _REMEDIES | {AlarmName.BROKER_AWAY: (away or Away()).trouble.remedy}
    return [Alarm(name, severity_of(name), found[name], remedies[name]) for name in AlarmName if name in found]


def severity_of(name: AlarmName) -> Severity:
    """How bad an alarm is."""
    return Severity.CRITICAL if name in _CRITICAL else Severity.WARNING


_Told = Iterator[tuple[AlarmName, str]]


def _of_services(away: Away, sweep_every: float) -> _Told:
    if away.database:
        yield AlarmName.DATABASE_AWAY, f"The database does not answer: {away.database.rstrip('.')}."
    if away.pending:
        has = "1 migration is" if away.pending == 1 else f"{away.pending} migrations are"
        yield AlarmName.MIGRATIONS_PENDING, f"{has} pending: this version cannot work with the schema."
    if away.broker is False:
        yield (
            AlarmName.BROKER_AWAY,
            f"{away.trouble.says}, so nobody is told to plan; requests are queued all the same.",
        )
    elif away.workers is False:
        yield AlarmName.WORKERS_AWAY, "No worker answers, so nothing is planned."
    elif away.silent is not None and away.silent > max(SILENCE, 3 * sweep_every):
        yield AlarmName.BEAT_SILENT, f"Beat has not rung for {lasting(away.silent)}: what was lost is not noticed."


def _of_queue(figures: Figures, chosen: Settings) -> _Told:
    if figures.oldest is not None and figures.oldest > chosen.queue_age_alarm:
        waited, longest = lasting(figures.oldest), lasting(chosen.queue_age_alarm)
        yield AlarmName.QUEUE_AGING, f"The oldest undecided request has waited for {waited}; {longest} is too long."
    if figures.undecided > FULL * chosen.max_queued:
        yield (
            AlarmName.QUEUE_FULL,
            f"{figures.undecided:,} requests are undecided; from {chosen.max_queued:,} on new ones are refused.",
        )
    if failed := figures.failed_lately:
        yield (
            AlarmName.REQUESTS_FAILED,
            f"{counted(failed, 'request')} failed in the last hour: their planning runs were lost too often.",
        )
    if figures.lost_lately >= MANY_LOST:
        yield AlarmName.RUNS_LOST, f"{counted(figures.lost_lately, 'planning run')} were lost in the last hour."


def _of_messages(figures: Figures) -> _Told:
    if dead := figures.worth_sending:
        were = "was" if dead == 1 else "were"
        yield AlarmName.MESSAGES_DEAD, f"{counted(dead, 'message')} {were} given up and would still be worth sending."
    oldest = max((each.oldest for each in figures.messages.values() if each.oldest is not None), default=0.0)
    if oldest > LATE_MESSAGE.total_seconds():
        yield AlarmName.MESSAGES_AGING, f"The oldest pending message has waited for {lasting(oldest)}."


def _of_nights(figures: Figures, chosen: Settings, now: dt.datetime) -> _Told:
    validated = figures.validated
    overdue = now - NIGHT_OVERDUE
    if any(each.known_since < overdue for each in figures.hospitals) and (validated.last or overdue) <= overdue:
        last = f"{lasting((now - validated.last).total_seconds())} ago" if validated.last else "never"
        yield AlarmName.VALIDATION_MISSING, f"A night was not validated: the last validation was finished {last}."
    if validated.worst == "error":
        errors = counted(validated.severities["error"], "error")
        yield AlarmName.VALIDATION_ERRORS, f"Validations found {errors} in the schedule, not all of them acknowledged."
    wanted = now.date() + dt.timedelta(days=chosen.opening_horizon_days - SHORT_BY_DAYS)
    if short := [each for each in figures.hospitals if each.projected_until <= wanted]:
        whose = (
            f"{short[0].external_id} (and {counted(len(short) - 1, 'other')})" if short[1:] else short[0].external_id
        )
        ends, days = short[0].projected_until, chosen.opening_horizon_days
        yield AlarmName.OPENINGS_SHORT, f"The openings of {whose} end on {ends}; they should reach {days} days ahead."
    oldest = figures.unsealed.oldest
    if oldest is not None and oldest > LATE_SEAL.total_seconds():
        entries = counted(figures.unsealed.entries, "entry", "entries")
        yield (
            AlarmName.AUDIT_UNSEALED,
            f"The audit has {entries} that nobody has sealed, the oldest for {lasting(oldest)}.",
        )


def lasting(seconds: float) -> str:
    """`12 s`, `5 min 3 s`, `2 h 10 min`, `3 days`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} days"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
