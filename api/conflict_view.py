"""How conflicts are shown: with the names of the doctors and hospitals in them, by the clocks of those hospitals."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.named import HospitalName, PersonName, hospital_names, user_names
from api.times import InstantOut, local
from models.booking import JsonObject
from models.faults import Refused
from models.withholding import ids_in
from planner.plan import ConflictKind
from planner.problem import HOUR


class AlternativeOut(BaseModel):
    """An hour that was not asked for but could have been had when the request was decided."""

    doctor: PersonName
    hospital: HospitalName
    start: InstantOut
    end: InstantOut
    gives_up: list[str] = Field(description="What it costs, in words", examples=[["two days later"]])


class ConflictOut(BaseModel):
    """Why there is no booking (shapes of `facts` and `certificate`: docs/planning-problem.md)."""

    kind: ConflictKind
    message: str
    facts: JsonObject = Field(
        description="Put right only these and the reason is gone. `withheld`: some are out of your reach, and left out"
    )
    certificate: JsonObject = Field(
        description="What a checker needs to repeat the argument; empty where that names what is out of your reach"
    )
    alternatives: list[AlternativeOut]
    names: dict[str, str] = Field(description="The doctors and hospitals that the facts name by id")


@dataclass(frozen=True, slots=True)
class Names:
    """The doctors and hospitals that some JSON values name by id."""

    doctors: Mapping[UUID, PersonName]
    hospitals: Mapping[UUID, HospitalName]

    @classmethod
    def of(cls, session: Session, value: Any) -> Self:  # Any: a JSON value
        """Look up every id in `value`."""
        ids = ids_in(value)
        return cls(user_names(session, ids), hospital_names(session, ids))

    def named_in(self, value: Any) -> dict[str, str]:  # Any: a JSON value
        """The names of those that are in `value`, by id."""
        found = ((id_, self.doctors.get(id_) or self.hospitals.get(id_)) for id_ in sorted(ids_in(value)))
        return {str(id_): named.name for id_, named in found if named}

    def alternatives(self, alternatives: Iterable[JsonObject]) -> list[AlternativeOut]:
        """Alternatives as the planner wrote them, with names, by the clocks of their hospitals."""
        shown: list[AlternativeOut] = []
        for each in alternatives:
            doctor = self.doctors.get(UUID(each["doctor"]))
            hospital = self.hospitals.get(UUID(each["hospital"]))
            if doctor and hospital:
                zone, start = ZoneInfo(hospital.timezone), dt.datetime.fromisoformat(each["start"])
                shown.append(
                    AlternativeOut(
                        doctor=doctor,
                        hospital=hospital,
                        start=local(start, zone),
                        end=local(start.astimezone(dt.UTC) + HOUR, zone),
                        gives_up=list(each.get("gives_up", ())),
                    )
                )
        return shown


def with_names(session: Session, refusal: Refused) -> Refused:
    """A refusal whose facts show their alternatives as a conflict does, and name whom they mention."""
    names = Names.of(session, [dict(fault.facts) for fault in refusal.faults])
    faults = []
    for fault in refusal.faults:
        facts = dict(fault.facts)
        named = names.named_in({key: value for key, value in facts.items() if key != "alternatives"})
        if "alternatives" in facts:
            facts["alternatives"] = [each.model_dump(mode="json") for each in names.alternatives(facts["alternatives"])]
        if named:
            facts["names"] = named
        faults.append(replace(fault, facts=facts))
    return Refused(refusal.refusal, faults)
