"""Validations in the town: reports that found what a test says, and real ones without waiting for a worker process."""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from models.booking import JsonObject
from models.references import find_doctors, find_hospitals
from models.settings import settings
from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.jobs import POLICY
from models.validation.recording import let_go, record
from models.validation.tables import ReportStatus, ValidationReport
from tests.api.town import Town
from workers.validation.run import validate_next

Transaction = Callable[[], Session]


def found(
    code: Code = Code.OFF_THE_HOUR,
    name: str = "0198c5a0-7d3e-7c1a-9f1e-2b6a54d0e111",
    *hospitals: uuid.UUID,
    besides: Sequence[Entity] = (),
    remedy: JsonObject | None = None,
) -> Found:
    """A finding about an appointment."""
    message = f"{name} is wrong."
    return Found(code, (Entity(Kind.APPOINTMENT, name),), message, frozenset(hospitals), tuple(besides), {}, remedy)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def reported(
    session: Transaction, *findings: Found, hospital: uuid.UUID | None = None, night: dt.date | None = None
) -> str:
    """The id of a finished report of a hospital, or of everything, that found something."""
    with session() as open_session:
        at = now()
        report = ValidationReport(
            hospital_id=hospital,
            night=night,
            policy=POLICY.model_dump(mode="json"),
            started_at=at,
            counts={},
            unchecked=[],
        )
        open_session.add(report)
        open_session.flush()
        record(open_session, report, findings, at)
        let_go(open_session, report, at)
        report.status, report.finished_at = ReportStatus.FINISHED, now()
        open_session.flush()
        return str(report.id)


def hospital_id(session: Transaction, external_id: str = "central") -> uuid.UUID:
    with session() as open_session:
        return find_hospitals(open_session, [external_id])[external_id].id


def doctor_id(session: Transaction, external_id: str = "d1") -> uuid.UUID:
    with session() as open_session:
        return find_doctors(open_session, [external_id])[external_id].id


def names_of(town: Town, path: str, **asked: object) -> list[str]:
    """What the findings of a list are about, page after page."""
    page = town.get(path, **asked)
    told = [each["message"].removesuffix(" is wrong.") for each in page["items"]]
    return told + (names_of(town, path, **asked | {"cursor": page["next_cursor"]}) if page["next_cursor"] else [])


def validate() -> None:
    """Do a worker's round on the test's database."""
    assert validate_next(settings(), worker="here", clock=now)
