"""Adding the extra hours that a reschedule proposes, so that planning again places those it left over."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE
from sqlalchemy.orm import Session

from models.availabilities import create_availabilities
from models.base import period
from models.booking import JsonObject
from models.faults import Fault, Refusal, Refused, refuse_if
from models.hospitals import Hospital
from models.inputs import AvailabilityIn
from models.references import missing
from models.rescheduling.proposal import ExtraHour
from models.rescheduling.tables import Reschedule, RescheduleEvent
from models.schedule import Availability
from planner.problem import HOUR
from planner.wording import spoken


def add_extra_hours(session: Session, reschedule_id: uuid.UUID, count: int, now: dt.datetime) -> list[uuid.UUID]:
    """Add the first `count` extra hours of a proposal as availabilities, all or none. Returns the ids of the new ones.

    Hours in which the doctor has become available there meanwhile stay as they are.

    Raises
    ------
    Refused
        where there is no such job; where fewer hours are proposed (invalid); and where one of them has begun, lies
        outside the openings or puts a doctor in two places (clash); it names each.

    """
    job = session.get(Reschedule, reschedule_id)
    if job is None:
        raise missing(Reschedule, reschedule_id)
    proposed = job.extra_hours["hours"] if job.extra_hours else []
    refuse_if(_too_many(count, len(proposed)))
    hours = [_read(each) for each in proposed[:count]]
    zones = _zones(session, hours)
    refuse_if(_begun(hours, zones, now), Refusal.CLASH)
    new = _missing_of(session, hours)
    try:
        ids = create_availabilities(session, [_availability(each) for each in new])
    except Refused as refusal:
        raise Refused(refusal.refusal, [_told(fault, new[fault.row], zones) for fault in refusal.faults]) from None
    detail = "1 extra hour was added." if len(ids) == 1 else f"{len(ids)} extra hours were added."
    session.add(RescheduleEvent(reschedule_id=job.id, status=job.status, detail=detail, at=now))
    return ids


def _too_many(count: int, proposed: int) -> Iterator[Fault]:
    if count > proposed:
        message = f"count is {count}, and the reschedule proposes {proposed} extra hours; send no more than that."
        yield Fault("out_of_range", "count", count, message)


def _read(hour: JsonObject) -> ExtraHour:
    return ExtraHour(
        doctor=uuid.UUID(hour["doctor"]),
        hospital=uuid.UUID(hour["hospital"]),
        start=dt.datetime.fromisoformat(hour["start"]),
        appointment=uuid.UUID(hour["appointment"]),
    )


def _begun(hours: Sequence[ExtraHour], zones: Mapping[uuid.UUID, ZoneInfo], now: dt.datetime) -> Iterator[Fault]:
    for each in hours:
        if each.start <= now:
            message = "It has begun already; plan again."
            yield _told(Fault("hour_begun", "", None, message), each, zones)


def _missing_of(session: Session, hours: Sequence[ExtraHour]) -> list[ExtraHour]:
    """Those of some hours in which their doctor is not available there as yet."""
    theirs = (
        select(
            Availability.doctor_id, Availability.hospital_id, func.range_agg(Availability.during, type_=TSTZMULTIRANGE)
        )
        .where(Availability.doctor_id.in_({each.doctor for each in hours}))
        .group_by(Availability.doctor_id, Availability.hospital_id)
    )
    available = {(doctor, hospital): during for doctor, hospital, during in session.execute(theirs)}
    return [
        each
        for each in hours
        if not any(
            during.contains(period(each.start, each.start + HOUR))
            for during in available.get((each.doctor, each.hospital), ())
        )
    ]


def _availability(hour: ExtraHour) -> AvailabilityIn:
    return AvailabilityIn(doctor=str(hour.doctor), hospital=str(hour.hospital), start=hour.start, end=hour.start + HOUR)


def _zones(session: Session, hours: Sequence[ExtraHour]) -> dict[uuid.UUID, ZoneInfo]:
    """The time zones of the hospitals."""
    rows = select(Hospital.id, Hospital.timezone).where(Hospital.id.in_({each.hospital for each in hours}))
    return {id_: ZoneInfo(timezone) for id_, timezone in session.execute(rows)}


def _told(fault: Fault, hour: ExtraHour, zones: Mapping[uuid.UUID, ZoneInfo]) -> Fault:
    """What is wrong with one hour, with the hour: the caller named none of them."""
    start = hour.start.astimezone(zones[hour.hospital])
    facts = {"doctor": str(hour.doctor), "hospital": str(hour.hospital), "start": start.isoformat()}
    return dataclasses.replace(
        fault,
        field="",
        value=None,
        message=f"The extra hour on {spoken(start)}: {fault.message}",
        facts={**fault.facts, **facts},
    )
