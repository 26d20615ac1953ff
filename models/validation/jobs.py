"""Validation reports as jobs: by each hospital's own night, and whenever somebody asks."""

import datetime as dt
import uuid

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import outbox
from models.access.acting import Reach
from models.access.reach import of
from models.faults import Fault, refuse_if
from models.hospitals import Hospital
from models.rescheduling.inputs import Policy
from models.validation.clocks import zone_of
from models.validation.tables import Finding, ReportStatus, Sighting, ValidationReport

_LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

UNFINISHED = (ReportStatus.QUEUED, ReportStatus.RUNNING)

POLICY = Policy(same_doctor=False)
"""How appointments may be placed again where nobody says otherwise: with another doctor of the specialty, at the same
hospital, with a day's notice.
"""


def queue_report(session: Session, hospital: uuid.UUID | None, policy: Policy, now: dt.datetime) -> uuid.UUID:
    """Ask for a validation of one hospital, or of everything. Ring the bell once the transaction has committed.

    Whoever asks for what is queued or running already, with the same policy, is given that one.

    Raises
    ------
    Refused
        where somebody who acts at some hospitals only asks for more than one of them (invalid).

    """
    hospital = _within_reach(of(session), hospital, policy)
    wanted = policy.model_dump(mode="json")
    unfinished = session.scalar(
        select(ValidationReport.id)
        .where(
            ValidationReport.hospital_id.is_not_distinct_from(hospital),
            ValidationReport.night.is_(None),
            ValidationReport.policy == wanted,
            ValidationReport.status.in_(UNFINISHED),
        )
        .order_by(ValidationReport.id)
        .limit(1)
    )
    if unfinished:
        return unfinished
    report = ValidationReport(hospital_id=hospital, policy=wanted, created_at=now)
    session.add(report)
    session.flush()
    tell(session, report.id, ReportStatus.QUEUED)
    return report.id


def _within_reach(reach: Reach, hospital: uuid.UUID | None, policy: Policy) -> uuid.UUID | None:
    """The hospital that is validated: of somebody who acts at one only, that one unless they say."""
    if reach.hospitals is None:
        return hospital
    only = hospital or (next(iter(reach.hospitals)) if len(reach.hospitals) == 1 else None)
    faults = []
    if only is None:
        message = "Everything is validated for whoever acts everywhere; name one of your hospitals."
        faults.append(Fault("missing", "hospital", None, message))
    if not policy.same_hospital:
        message = "policy.same_hospital is false, which tells what is free elsewhere; leave it out."
        faults.append(Fault("invalid_value", "policy.same_hospital", "false", message))
    refuse_if(faults)
    return only


def queue_nights(session: Session, night_hour: int, now: dt.datetime) -> int:
    """Ask for the validation of every hospital whose night has come by its own clock. Returns how many were asked for.

    A night comes when the clock strikes `night_hour`; one that nobody saw come is made up for on the same day. The
    database has each only once. A hospital that was not there yet when it struck waits for the next.
    """
    nights = {
        id_: night
        for id_, zone, created in _hospitals(session, now)
        if (night := _night(zone, night_hour, now, created))
    }
    if not nights:
        return 0
    policy = POLICY.model_dump(mode="json")
    asked = session.scalars(
        insert(ValidationReport)
        .values(
            [{"hospital_id": id_, "night": night, "policy": policy, "created_at": now} for id_, night in nights.items()]
        )
        .on_conflict_do_nothing(index_elements=["hospital_id", "night"])
        .returning(ValidationReport.id)
    ).all()
    for report in asked:
        tell(session, report, ReportStatus.QUEUED)
    return len(asked)


def forget_reports(session: Session, before: dt.datetime) -> int:
    """Delete the reports that ended before an instant, and the findings that are gone and in no report any more.

    Returns how many reports.
    """
    gone = session.scalars(
        delete(ValidationReport).where(ValidationReport.finished_at < before).returning(ValidationReport.id)
    ).all()
    told = select(Sighting.finding_id).where(Sighting.finding_id == Finding.id)
    session.execute(delete(Finding).where(Finding.gone_at < before, ~told.exists()))
    return len(gone)


def tell(session: Session, report: uuid.UUID, status: ReportStatus) -> None:
    """Tell pages and other systems what became of a report."""
    outbox.tell(session, f"validation_report.{status}", [{"validation_report": str(report)}])


def _hospitals(session: Session, now: dt.datetime) -> list[tuple[uuid.UUID, str | None, dt.datetime]]:
    """The hospitals that are there by `now`, whatever their rows say: a broken one must not keep the others' nights."""
    created = func.greatest(Hospital.created_at, _LONG_AGO)  # of NULL and an instant, the instant
    rows = session.execute(
        select(Hospital.id, Hospital.timezone, created.label("created"))
        .where(Hospital.id.is_not(None), created <= now)
        .order_by(Hospital.id)
    )
    return [(row.id, row.timezone, row.created) for row in rows]


def _night(timezone: str | None, hour: int, now: dt.datetime, created: dt.datetime) -> dt.date | None:
    """The date of the night that has come by a clock; None where none has come since there is a hospital."""
    zone = zone_of(timezone) or dt.UTC  # that it is unknown is a finding; its night comes all the same
    today = now.astimezone(zone).date()
    begins = dt.datetime.combine(today, dt.time(hour), zone).astimezone(dt.UTC)
    return today if created < begins <= now else None
