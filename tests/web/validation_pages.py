"""Validations to look at: findings of every severity, figures of lost days, and what hours are worth."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, update

from models.validation.codes import Code
from models.validation.found import Entity, Found, Kind
from models.validation.jobs import POLICY
from models.validation.tables import Fragility, HourValue, ReportStatus, ValidationReport
from planner.problem import HOUR
from tests.api.town import TODAY, Town, at
from tests.api.validations import Transaction, doctor_id, hospital_id
from tests.web.request_pages import Page

DAY = dt.timedelta(days=1)
TOMORROW = TODAY + DAY


def shown(town: Town, path: str = "/app/validation", **asked: Any) -> Page:
    """A page as a reader meets it."""
    return Page(town.api.get(path, params=asked or None))


def a_finding(
    code: Code, *entities: Entity, message: str = "Something is wrong.", remedy: Any = None, hospitals: Any = ()
) -> Found:
    """A finding of a code about some entities."""
    return Found(code, entities, message, frozenset(hospitals), remedy=remedy)


def about(kind: Kind, id_: object) -> Entity:
    return Entity(kind, str(id_))


def off_the_hour(town: Town, session: Transaction, hour: str = "10:00", patient: str = "p1") -> Found:
    """An error about an appointment of the town, with a remedy that moves it."""
    central, doctor = hospital_id(session), doctor_id(session)
    appointment = town.book(patient, "d1", hour)["id"]
    remedy = {
        "kind": "move_appointment",
        "appointment": appointment,
        "doctor": str(doctor),
        "hospital": str(central),
        "start": at("12:00"),
    }
    return Found(
        Code.OFF_THE_HOUR,
        (about(Kind.APPOINTMENT, appointment),),
        "An appointment with Dr Ana Sousa at Central starts off the hour.",
        frozenset([central]),
        (about(Kind.DOCTOR, doctor),),
        remedy=remedy,
    )


def undelivered() -> Found:
    """A warning that concerns all hospitals."""
    remedy = {"kind": "deliver_again", "channel": "email"}
    message = "7 messages by e-mail were given up."
    return a_finding(Code.MESSAGE_UNDELIVERED, about(Kind.CHECK, "email"), message=message, remedy=remedy)


def running(
    session: Transaction, *, step: str | None = "the schedule", done: int = 250, total: int | None = 1000
) -> str:
    """A report that a worker makes; returns its id."""
    at = dt.datetime.now(dt.UTC)
    with session() as opened:
        report = ValidationReport(
            policy=POLICY.model_dump(mode="json"),
            status=ReportStatus.RUNNING,
            step=step,
            done=done,
            total=total,
            started_at=at,
            lease_expires_at=at + HOUR,
        )
        opened.add(report)
        opened.flush()
        return str(report.id)


def change(session: Transaction, report: str, **values: Any) -> None:
    """Write into a report what only a worker can."""
    with session() as opened:
        opened.execute(update(ValidationReport).where(ValidationReport.id == uuid.UUID(report)).values(**values))


def failed(session: Transaction, reason: str) -> str:
    """A report that failed."""
    report = running(session)
    at = dt.datetime.now(dt.UTC)
    change(session, report, status=ReportStatus.FAILED, failure=reason, finished_at=at, lease_expires_at=None)
    return report


def lossy(
    session: Transaction,
    appointments: int,
    stranded: Sequence[str] = (),
    *,
    report: str,
    doctor: str | None = "d1",
    date: dt.date = TOMORROW,
    proved: bool = True,
) -> str:
    """What losing a day of a doctor, or (None) of the hospital, would do; returns its id."""
    values = {
        "report_id": uuid.UUID(report),
        "hospital_id": hospital_id(session),
        "doctor_id": doctor_id(session, doctor) if doctor else None,
        "date": date,
        "appointments": appointments,
        "replaceable": appointments - len(stranded),
        "stranded": [uuid.UUID(each) for each in stranded],
        "proved": proved,
    }
    with session() as opened:
        return str(opened.execute(insert(Fragility).values(**values).returning(Fragility.id)).scalar_one())


def worth(session: Transaction, report: str, specialty: str = "cardiology", **values: Any) -> None:
    """What an hour of a specialty is worth tomorrow: it books one urgent request of two that wait."""
    row = {
        "report_id": uuid.UUID(report),
        "hospital_id": hospital_id(session),
        "specialty": specialty,
        "date": TOMORROW,
        "waiting": 2,
        "books": 1,
        "priority": "urgent",
        "doctor_id": doctor_id(session),
        "start": dt.datetime.fromisoformat(at("15:00", TOMORROW)),
        "proved": True,
    }
    with session() as opened:
        opened.execute(insert(HourValue).values(**(row | values)))
