"""How findings are shown: with the names of doctors and hospitals, and of no patient."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.orm import Session

from api.named import HospitalName, PersonName, hospital_names, user_names
from api.times import UTC, InstantOut, local
from models.booking import JsonObject
from models.references import as_uuid
from models.validation.acknowledging import last_day, zone_named
from models.validation.codes import Code, Severity
from models.validation.found import Kind
from models.validation.reading import is_acknowledged
from models.validation.remedies.kinds import Statement, remedy_of
from models.validation.tables import Change, Finding


class EntityOut(BaseModel):
    """Something that a finding is about."""

    kind: Kind
    id: str
    name: str | None = Field(description="Of a doctor or a hospital; null: it is neither, or is no longer there")


class RemedyOut(BaseModel):
    """What would mend a finding."""

    kind: str = Field(examples=["move_appointment"])
    action: str = Field(description="What it does, in a few words", examples=["Move the appointment"])
    by_operator: bool = Field(description="It is SQL that an operator runs; the program does not")
    doctor: PersonName | None = Field(description="With whom, where it gives an hour")
    hospital: HospitalName | None = Field(description="Where, or of which hospital")
    start: InstantOut | None = Field(description="When, where it gives an hour")
    details: JsonObject = Field(description="All that it says, shaped by `kind`")


class AcknowledgementOut(BaseModel):
    """Why and how long a finding may be."""

    because: str
    until: dt.date = Field(description="The last day, by the hospital's clock or, of several or all hospitals, by UTC")
    ends_at: InstantOut


class FindingOut(BaseModel):
    """Something wrong, or that could be better."""

    id: uuid.UUID
    code: Code
    severity: Severity
    message: str = Field(description="What is wrong, for people; it never names a patient")
    hospitals: list[HospitalName] = Field(description="Whom it concerns; none: all")
    entities: list[EntityOut] = Field(description="What it is about")
    facts: JsonObject = Field(description="What proves it; shaped by `code`")
    remedy: RemedyOut | None = Field(description="What would mend it; null: nobody knows")
    remedied_at: InstantOut | None = Field(description="When its remedy was applied; the next validation looks again")
    first_seen_at: InstantOut
    last_seen_at: InstantOut
    gone_at: InstantOut | None = Field(description="When a validation saw it no longer; null: it stands")
    acknowledgement: AcknowledgementOut | None = Field(description="null: there is none, or it has ended")


class SightedOut(FindingOut):
    """A finding in a report."""

    change: Change = Field(description="How it compares with the validations before")


class Names:
    """The names of some hospitals and doctors. Whoever is no longer there is called by their id: validation is for
    databases that break their rules.
    """

    def __init__(self, session: Session, hospitals: Iterable[uuid.UUID], doctors: Iterable[uuid.UUID] = ()) -> None:
        self._hospitals = hospital_names(session, hospitals)
        self._doctors = user_names(session, doctors)

    def hospital(self, id_: uuid.UUID) -> HospitalName:
        """A hospital."""
        return self._hospitals.get(id_) or HospitalName(id=id_, external_id=str(id_), name=str(id_), timezone="UTC")

    def doctor(self, id_: uuid.UUID) -> PersonName:
        """A doctor."""
        return self._doctors.get(id_) or PersonName(id=id_, external_id=str(id_), name=str(id_))

    def of(self, kind: str, id_: str) -> str | None:
        """The name of an entity, where it is a hospital or a doctor that is there."""
        known = as_uuid(id_)
        if known is None:
            return None
        if kind == Kind.HOSPITAL:
            return self._hospitals[known].name if known in self._hospitals else None
        return self._doctors[known].name if kind == Kind.DOCTOR and known in self._doctors else None

    def zone(self, hospitals: Sequence[uuid.UUID]) -> ZoneInfo:
        """The clock of the only hospital of some; UTC where there are several or none."""
        return zone_named(self.hospital(hospitals[0]).timezone) if len(hospitals) == 1 else UTC


def findings_shown(session: Session, findings: Sequence[Finding], now: dt.datetime) -> list[FindingOut]:
    """Findings, with a fixed number of queries however many there are."""
    return [FindingOut(**fields) for fields in _finding_fields(session, findings, now)]


def sighted_shown(session: Session, findings: Sequence[tuple[Finding, Change]], now: dt.datetime) -> list[SightedOut]:
    """Findings of a report, each with how it compares with those before."""
    shown = _finding_fields(session, [finding for finding, _ in findings], now)
    return [SightedOut(**fields, change=change) for fields, (_, change) in zip(shown, findings, strict=True)]


def _finding_fields(
    session: Session, findings: Sequence[Finding], now: dt.datetime
) -> Iterator[dict[str, Any]]:  # Any: fields of several types
    named = [(each["kind"], each["id"]) for finding in findings for each in (*finding.entities, *_named(finding))]
    ids = {kind: {found for of, id_ in named if of == kind and (found := as_uuid(id_))} for kind in Kind}
    hospitals = {hospital for finding in findings for hospital in finding.hospitals}
    names = Names(session, hospitals | ids[Kind.HOSPITAL], ids[Kind.DOCTOR])
    for finding in findings:
        zone = names.zone(finding.hospitals)
        yield {
            "id": finding.id,
            "code": finding.code,
            "severity": finding.severity,
            "message": finding.message,
            "hospitals": [names.hospital(each) for each in finding.hospitals],
            "entities": [
                EntityOut(kind=each["kind"], id=each["id"], name=names.of(each["kind"], each["id"]))
                for each in finding.entities
            ],
            "facts": finding.facts,
            "remedy": _remedy(finding, names),
            "remedied_at": finding.remedied_at and local(finding.remedied_at, zone),
            "first_seen_at": local(finding.first_seen_at, zone),
            "last_seen_at": local(finding.last_seen_at, zone),
            "gone_at": finding.gone_at and local(finding.gone_at, zone),
            "acknowledgement": _acknowledgement(finding, zone, now),
        }


def _named(finding: Finding) -> Iterator[JsonObject]:
    """The entities that its remedy names."""
    for kind in (Kind.HOSPITAL, Kind.DOCTOR):
        if finding.remedy and isinstance(id_ := finding.remedy.get(kind), str):
            yield {"kind": kind, "id": id_}


def _remedy(finding: Finding, names: Names) -> RemedyOut | None:
    if finding.remedy is None:
        return None
    try:
        remedy = remedy_of(finding.remedy)
    except ValidationError:  # an older version's: the next validation finds it anew
        return None
    hospital, doctor, start = (getattr(remedy, field, None) for field in ("hospital", "doctor", "start"))
    where = names.hospital(hospital) if hospital else None
    return RemedyOut(
        kind=remedy.kind,
        action=remedy.action,
        by_operator=isinstance(remedy, Statement),
        doctor=names.doctor(doctor) if doctor else None,
        hospital=where,
        start=local(start, zone_named(where.timezone)) if start and where else None,
        details=remedy.stored,
    )


def _acknowledgement(finding: Finding, zone: ZoneInfo, now: dt.datetime) -> AcknowledgementOut | None:
    ends, because = finding.acknowledged_until, finding.acknowledged_because
    if ends is None or because is None or not is_acknowledged(finding, now):
        return None
    return AcknowledgementOut(because=because, until=last_day(ends, zone), ends_at=local(ends, zone))
