"""Sentences of the planner and of refusals, which name things by id, with the names that people know instead."""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.conflict_view import Names
from api.web.reschedules.telling import told_period
from api.web.words import t
from models.base import ends
from models.hospitals import Hospital
from models.people import Patient, User
from models.schedule import Appointment, Availability

_NAMED = re.compile(r"(?:\b(appointment|availability|reschedule) )?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class Known:
    """What the ids in some sentences stand for: patients by appointment, availabilities, doctors and hospitals."""

    patients: Mapping[str, str]
    availabilities: Mapping[str, str]
    places: Mapping[str, str]

    @classmethod
    def of(cls, session: Session, sentences: Sequence[str]) -> Self:
        """Look up every id in `sentences`."""
        ids = {id_ for sentence in sentences for _, id_ in _NAMED.findall(sentence)}
        return cls(
            _patients(session, ids), _availabilities(session, ids), Names.of(session, list(ids)).named_in(list(ids))
        )

    def told(self, sentence: str) -> str:
        """The sentence without ids."""
        return _NAMED.sub(self._name, sentence)

    def _name(self, match: re.Match[str]) -> str:
        kind, id_ = match.groups()
        patient, availability = self.patients.get(id_), self.availabilities.get(id_)
        if kind == "appointment" and patient:
            return t("reschedules-named-appointment", patient=patient)
        if kind == "availability" and availability:
            return t("reschedules-named-availability", availability=availability)
        if kind:
            return str(kind)
        if patient:
            return t("reschedules-appointment-of", patient=patient)
        return self.places.get(id_) or t("reschedules-another-appointment")


def _patients(session: Session, ids: Iterable[str]) -> dict[str, str]:
    rows = session.execute(
        select(Appointment.id, Patient.name)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(Appointment.id.in_(map(uuid.UUID, ids)))
    )
    return {str(id_): name for id_, name in rows}


def _availabilities(session: Session, ids: Iterable[str]) -> dict[str, str]:
    rows = session.execute(
        select(Availability.id, Availability.during, User.name, Hospital.timezone)
        .join(User, User.id == Availability.doctor_id)
        .join(Hospital, Hospital.id == Availability.hospital_id)
        .where(Availability.id.in_(map(uuid.UUID, ids)))
    )
    return {
        str(id_): f"{name}, {told_period(*ends(during), ZoneInfo(timezone))}" for id_, during, name, timezone in rows
    }
