"""What the database says of the moment, as gauges for Prometheus: what waits and for how long, what was not told, what
the nights found.

Read at every look (`api.metrics`), so nothing here reads a whole table: indexes of what is queued, pending, standing or
unsealed, which are short while all is well.
"""

import datetime as dt
from collections.abc import Iterable, Iterator

from prometheus_client.metrics_core import GaugeMetricFamily
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.audit.tables import AuditEntry, AuditUnsealed
from models.base import Base
from models.booking import BookingRequest, RequestStatus
from models.deliveries.tables import Channel, Delivery, DeliveryStatus
from models.hospitals import Hospital
from models.operations import OutboxMessage
from models.rescheduling.tables import Reschedule, RescheduleStatus
from models.settings import Settings
from models.validation.codes import Severity
from models.validation.remedies.messages import undelivered
from models.validation.tables import Finding, ReportStatus, ValidationReport
from planner.problem import Priority

_NEWEST = 100
"""The reports, of those made last, among which the one is that was finished last."""


def read_gauges(session: Session, chosen: Settings, now: dt.datetime) -> list[GaugeMetricFamily]:
    """The gauges at `now`. Ages are in seconds, 0 where nothing waits; no migration may be pending."""
    return [
        *_requests(session, now),
        *_jobs(session, now),
        *_deliveries(session, now),
        *_audit(session, now),
        *_nights(session, now),
        *_bounds(chosen),
    ]


def _requests(session: Session, now: dt.datetime) -> Iterator[GaugeMetricFamily]:
    by_priority = (
        select(BookingRequest.priority, func.count(), func.min(BookingRequest.queued_at))
        .where(BookingRequest.status == RequestStatus.QUEUED)
        .group_by(BookingRequest.priority)
    )
    queued = {row[0]: row for row in session.execute(by_priority)}
    planned = (
        select(BookingRequest.priority, func.count())
        .where(BookingRequest.status == RequestStatus.PLANNING)
        .group_by(BookingRequest.priority)
    )
    planning = dict(session.execute(planned).all())
    yield _labelled(
        "slotwise_requests_queued",
        "Booking requests that wait for a planning run",
        "priority",
        ((each, queued[each][1] if each in queued else 0) for each in Priority),
    )
    yield _labelled(
        "slotwise_oldest_queued_seconds",
        "How long the first of them has waited since it was queued",
        "priority",
        ((each, _age(queued[each][2] if each in queued else None, now)) for each in Priority),
    )
    yield _labelled(
        "slotwise_requests_planning",
        "Booking requests that a planning run holds",
        "priority",
        ((each, planning.get(each, 0)) for each in Priority),
    )


def _jobs(session: Session, now: dt.datetime) -> Iterator[GaugeMetricFamily]:
    kinds: tuple[tuple[str, type[Base], str], ...] = (
        ("reschedule", Reschedule, RescheduleStatus.QUEUED),
        ("validation", ValidationReport, ReportStatus.QUEUED),
    )
    found = {}
    for name, table, status in kinds:
        columns = table.__table__.c
        found[name] = session.execute(
            select(func.count(), func.min(columns.created_at)).where(columns.status == status)
        ).one()
    yield _labelled(
        "slotwise_jobs_queued",
        "Reschedules and validations that wait for a worker",
        "kind",
        ((name, count) for name, (count, _) in found.items()),
    )
    yield _labelled(
        "slotwise_oldest_job_seconds",
        "How long the first of them has waited",
        "kind",
        ((name, _age(oldest, now)) for name, (_, oldest) in found.items()),
    )


def _deliveries(session: Session, now: dt.datetime) -> Iterator[GaugeMetricFamily]:
    by_channel = (
        select(Delivery.channel, func.count(), func.min(Delivery.message_id).label("first"))
        .where(Delivery.status == DeliveryStatus.PENDING)
        .group_by(Delivery.channel)
        .subquery()
    )
    pending = {
        channel: (count, since)
        for channel, count, since in session.execute(
            select(by_channel.c.channel, by_channel.c.count, OutboxMessage.created_at).join(
                OutboxMessage, OutboxMessage.id == by_channel.c.first
            )
        )
    }
    given_up = (
        select(Delivery.channel, func.count())
        .join(OutboxMessage, OutboxMessage.id == Delivery.message_id)
        .where(undelivered(now))
        .group_by(Delivery.channel)
    )
    dead = dict(session.execute(given_up).all())
    yield _labelled(
        "slotwise_deliveries_pending",
        "Messages on their way",
        "channel",
        ((each, pending.get(each, (0, None))[0]) for each in Channel),
    )
    yield _labelled(
        "slotwise_oldest_delivery_seconds",
        "How long ago that happened which the first of them tells of",
        "channel",
        ((each, _age(pending.get(each, (0, None))[1], now)) for each in Channel),
    )
    yield _labelled(
        "slotwise_deliveries_dead",
        "Messages that were given up and are still worth sending",
        "channel",
        ((each, dead.get(each, 0)) for each in Channel),
    )


def _audit(session: Session, now: dt.datetime) -> Iterator[GaugeMetricFamily]:
    count, first = session.execute(select(func.count(), func.min(AuditUnsealed.entry_id))).one()
    written = session.scalar(select(AuditEntry.at).where(AuditEntry.id == first))
    yield _plain("slotwise_audit_unsealed", "Entries of the audit that no seal holds as yet", count)
    yield _plain("slotwise_oldest_unsealed_seconds", "The age of the first of them", _age(written, now))


def _nights(session: Session, now: dt.datetime) -> Iterator[GaugeMetricFamily]:
    """Of validations and openings. Without a hospital there are none to tell of."""
    known_since = session.scalar(select(func.min(Hospital.created_at)))
    projected_until = session.scalar(select(func.min(Hospital.projected_until)))
    if known_since is None or projected_until is None:
        return
    newest = (
        select(ValidationReport.finished_at)
        .where(ValidationReport.status == ReportStatus.FINISHED)
        .order_by(ValidationReport.id.desc())
        .limit(_NEWEST)
        .subquery()
    )
    last = session.scalar(select(func.max(newest.c.finished_at)))
    yield _plain(
        "slotwise_last_validation_timestamp_seconds",
        "When the last validation was finished; before the first, since when there is a hospital",
        (last or known_since).timestamp(),
    )
    ends = dt.datetime.combine(projected_until, dt.time(), dt.UTC)
    yield _plain(
        "slotwise_openings_horizon_seconds",
        "How far ahead there are openings at the hospital where they end first",
        (ends - now).total_seconds(),
    )
    unknown = func.coalesce(Finding.acknowledged_until <= now, True)
    by_severity = (
        select(Finding.severity, func.count()).where(Finding.gone_at.is_(None), unknown).group_by(Finding.severity)
    )
    standing = dict(session.execute(by_severity).all())
    yield _labelled(
        "slotwise_findings_standing",
        "Findings of validations that stand and that nobody has acknowledged",
        "severity",
        ((each, standing.get(each, 0)) for each in Severity),
    )


def _bounds(chosen: Settings) -> Iterator[GaugeMetricFamily]:
    """Settings against which alerts compare."""
    yield _plain("slotwise_max_queued", "The setting MAX_QUEUED", chosen.max_queued)
    yield _plain("slotwise_queue_age_alarm_seconds", "The setting QUEUE_AGE_ALARM", chosen.queue_age_alarm)
    horizon = dt.timedelta(days=chosen.opening_horizon_days).total_seconds()
    yield _plain("slotwise_opening_horizon_wanted_seconds", "The setting OPENING_HORIZON_DAYS", horizon)


def _age(since: dt.datetime | None, now: dt.datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _plain(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=value)


def _labelled(name: str, about: str, label: str, values: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=[label])
    for value, number in values:
        family.add_metric([value], number)
    return family
