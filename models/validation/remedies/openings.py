"""The remedy that projects a hospital's openings anew."""

import datetime as dt
import uuid
from collections.abc import Mapping

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.faults import Fault, Refusal, Refused, refuse_if
from models.hospitals import Hospital
from models.hours import availabilities_outside, project_from_hours
from models.references import missing
from models.validation.clocks import zone_of
from models.validation.remedies.kinds import ProjectOpenings


def project_openings(session: Session, remedy: ProjectOpenings, now: dt.datetime) -> Mapping[str, str]:
    """Replace the openings of a hospital from `now` on by what the hours that it keeps come to.

    Raises
    ------
    Refused
        where there is no such hospital; where its time zone is unknown, or availabilities would lie outside the
        openings: it names them.

    """
    refuse_unknown(session, remedy.hospital)
    project_from_hours(session, remedy.hospital, now)
    refuse_if(availabilities_outside(session, remedy.hospital, now), Refusal.CLASH)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    return {}


def refuse_unknown(session: Session, hospital_id: uuid.UUID) -> None:
    """Raise `Refused` where there is no such hospital, or nobody knows its clock."""
    row = session.execute(select(Hospital.timezone).where(Hospital.id == hospital_id)).first()
    if row is None:
        raise missing(Hospital, hospital_id)
    if zone_of(row.timezone) is None:
        message = f"Nobody knows the time zone {row.timezone!r}; give the hospital one such as Europe/Lisbon first."
        raise Refused(Refusal.CLASH, [Fault("unknown_timezone", "", row.timezone, message)])
