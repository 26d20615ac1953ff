"""The extra hours that would place those who are left over."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.named import hospital_names, user_names
from api.web.reschedules.moves import told_hour
from api.web.words import t
from models.people import Patient
from models.rescheduling.tables import Reschedule
from models.schedule import Appointment


@dataclass(frozen=True, slots=True)
class Extra:
    """The hours in words, best first: the first k are the best k. `says`: what all of them come to."""

    hours: Sequence[str]
    says: str


def extra_hours(session: Session, job: Reschedule) -> Extra | None:
    """What a job says of extra hours; None where nobody is left over, or nothing was found out."""
    found = job.extra_hours
    if not found:
        return None
    doctors = user_names(session, [uuid.UUID(each["doctor"]) for each in found["hours"]])
    hospitals = hospital_names(session, [uuid.UUID(each["hospital"]) for each in found["hours"]])
    patients = _patients(session, [uuid.UUID(each["appointment"]) for each in found["hours"]])
    told = []
    for each in found["hours"]:
        hospital = hospitals[uuid.UUID(each["hospital"])]
        told.append(
            t(
                "reschedules-extra-hour",
                doctor=doctors[uuid.UUID(each["doctor"])].name,
                hospital=hospital.name,
                when=told_hour(dt.datetime.fromisoformat(each["start"]), ZoneInfo(hospital.timezone)),
                patient=patients.get(uuid.UUID(each["appointment"]), ""),
            )
        )
    return Extra(told, _says(len(told), found["placed"], len(found["left"]), proved=found["proved"]))


def _says(hours: int, placed: int, left: int, *, proved: bool) -> str:
    if not hours:
        return t("reschedules-extra-none", left=left)
    sentences = [t("reschedules-extra-says", hours=hours, placed=placed, left=left)]
    if proved:
        sentences.append(t("reschedules-extra-proved"))
    return " ".join(sentences)


def _patients(session: Session, appointments: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    rows = session.execute(
        select(Appointment.id, Patient.name)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(Appointment.id.in_(appointments))
    )
    return dict(rows.all())
