"""How the appointments of a reschedule are shown: the hours they had, those they would get, or why there are none."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.conflict_view import AlternativeOut, Names
from api.named import HospitalName, PersonName
from api.times import InstantOut, local
from models.booking import JsonObject
from models.rescheduling import reading
from models.rescheduling.tables import Fate
from models.schedule import AppointmentStatus
from planner.plan import ConflictKind
from planner.problem import HOUR, Priority


class PlaceOut(BaseModel):
    """A doctor's hour at a hospital."""

    doctor: PersonName
    hospital: HospitalName
    start: InstantOut
    end: InstantOut

    @classmethod
    def of(cls, place: reading.Place) -> Self:
        """The hour by the hospital's clock."""
        zone = ZoneInfo(place.hospital.timezone)
        return cls(
            doctor=PersonName.model_validate(place.doctor, from_attributes=True),
            hospital=HospitalName.model_validate(place.hospital, from_attributes=True),
            start=local(place.start, zone),
            end=local(place.start.astimezone(dt.UTC) + HOUR, zone),
        )


class UnplacedOut(BaseModel):
    """Why there is no other hour (shapes of `facts` and `certificate`: docs/planning-problem.md)."""

    kind: ConflictKind | None = Field(description="null: none was looked for; the message says why")
    message: str
    facts: JsonObject = Field(description="Put right only these and the reason is gone")
    certificate: JsonObject = Field(description="What a checker needs to repeat the argument")
    alternatives: list[AlternativeOut]
    names: dict[str, str] = Field(description="The doctors and hospitals that the facts name by id")


class RescheduledOut(BaseModel):
    """One appointment of a reschedule, with the hour it had when that was planned and the one that is proposed."""

    appointment: uuid.UUID
    status: AppointmentStatus = Field(description="The appointment's own, as it is now")
    patient: PersonName
    displaced: bool = Field(description="false: it moves to make room")
    priority: Priority | None = Field(description="Of a displaced one: its booking request's, or routine")
    moved_before: bool = Field(description="Whether a reschedule has moved this patient within a year; such go first")
    before: PlaceOut
    after: PlaceOut | None = Field(description="null: no hour was found, or it is not planned as yet")
    shift_hours: int | None = Field(description="Whole hours between the two, rounded down")
    conflict: UnplacedOut | None = Field(description="Why no hour was found")
    fate: Fate | None = Field(description="What applying did to it; `left`: it stands, and somebody has to see to it")
    seen_to: bool = Field(description="Whether one that was left standing no longer stands there")


def rescheduled(session: Session, items: Sequence[reading.Item]) -> list[RescheduledOut]:
    """Appointments of a reschedule as answers give them."""
    names = Names.of(session, [item.conflict for item in items if item.conflict])
    return [
        RescheduledOut(
            appointment=item.appointment,
            status=item.status,
            patient=PersonName.model_validate(item.patient, from_attributes=True),
            displaced=item.displaced,
            priority=item.priority,
            moved_before=item.moved_before,
            before=PlaceOut.of(item.before),
            after=item.after and PlaceOut.of(item.after),
            shift_hours=item.shift,
            conflict=_unplaced(item, names),
            fate=item.fate,
            seen_to=item.seen_to,
        )
        for item in items
    ]


def _unplaced(item: reading.Item, names: Names) -> UnplacedOut | None:
    if item.conflict is None:
        return None
    facts = item.conflict.get("facts", {})
    return UnplacedOut(
        kind=item.conflict_kind,
        message=item.conflict["message"],
        facts=facts,
        certificate=item.conflict.get("certificate", {}),
        alternatives=names.alternatives(item.conflict.get("alternatives", ())),
        names=names.named_in(facts),
    )
