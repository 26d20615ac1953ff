"""What findings are about, by the names that people know, with links to where it is seen.

A finding may be about rows that break every rule: whose hospital is gone, whose period has no end, whose clock nobody
knows. All of them have a name here.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, DateTime, Select, case, func, null, select
from sqlalchemy.orm import Session

from api.named import gone
from api.times import UTC
from api.web import clocks
from api.web.rendering import query
from api.web.words import t
from models.booking import BookingRequest, JsonObject
from models.hospitals import Hospital, Opening
from models.inputs import FIRST_INSTANT, LAST_INSTANT
from models.people import Patient, User
from models.schedule import Appointment, Availability
from models.validation.acknowledging import zone_named
from models.validation.found import Kind

_INSTANT = DateTime(timezone=True)


class Place(NamedTuple):
    """A hospital, with its clock; UTC where nobody knows its zone."""

    id: uuid.UUID
    external_id: str
    name: str
    zone: ZoneInfo


class Hour(NamedTuple):
    """An appointment, an availability or an opening. What is None is not there, or cannot be told."""

    place: Place | None
    doctor: uuid.UUID | None
    patient: str | None
    start: dt.datetime | None
    end: dt.datetime | None


class Thing(NamedTuple):
    """An entity in words. `address`: where it is seen; `literal`: the words are a name that programs use."""

    words: str
    address: str | None = None
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Things:
    """Whatever some findings name."""

    places: Mapping[uuid.UUID, Place]
    doctors: Mapping[uuid.UUID, tuple[str, str]]
    patients: Mapping[uuid.UUID, str]
    hours: Mapping[tuple[Kind, uuid.UUID], Hour]
    requests: Mapping[uuid.UUID, str | None]

    @classmethod
    def of(cls, session: Session, entities: Iterable[JsonObject]) -> Self:
        """Look up entities as findings hold them: `{"kind": ..., "id": ...}`."""
        ids: dict[str, set[uuid.UUID]] = defaultdict(set)
        for each in entities:
            if (id_ := as_id(each.get("id"))) is not None:
                ids[str(each.get("kind"))].add(id_)
        places = read_places(session)
        hours = {
            **_hours(session, places, Kind.APPOINTMENT, _appointments(), ids),
            **_hours(session, places, Kind.AVAILABILITY, _availabilities(), ids),
            **_hours(session, places, Kind.OPENING, _openings(), ids),
        }
        doctors = ids[Kind.DOCTOR] | {hour.doctor for hour in hours.values() if hour.doctor}
        users = session.execute(select(User.id, User.external_id, User.name).where(User.id.in_(doctors)))
        patients = select(Patient.id, Patient.name).where(Patient.id.in_(ids[Kind.PATIENT]))
        requests = select(BookingRequest.id, Patient.name).outerjoin(Patient, Patient.id == BookingRequest.patient_id)
        return cls(
            places,
            {row.id: (row.external_id, row.name) for row in users},
            {row.id: row.name for row in session.execute(patients)},
            hours,
            dict(session.execute(requests.where(BookingRequest.id.in_(ids[Kind.BOOKING_REQUEST]))).all()),
        )

    def place(self, id_: uuid.UUID) -> str:
        """A hospital's name."""
        return self.places[id_].name if id_ in self.places else t("validation-some-hospital")

    def doctor(self, id_: uuid.UUID | None) -> str:
        """A doctor's name."""
        return self.doctors[id_][1] if id_ and id_ in self.doctors else t("validation-some-doctor")

    def request_of(self, id_: uuid.UUID) -> str:
        """Whose request it is."""
        return self.requests.get(id_) or t("validation-some-patient")

    def when(self, start: dt.datetime | None, place: Place | None) -> str:
        """An instant by the clock of a hospital."""
        return clocks.when(start, place.zone if place else UTC) if start else t("validation-some-time")

    def thing(self, entity: JsonObject, near: uuid.UUID | None = None) -> Thing:
        """An entity in words; `near`: the hospital that the finding is about."""
        kind, id_ = entity.get("kind"), as_id(entity.get("id"))
        if id_ is None:  # a rule, a row, a check, a time zone
            return Thing(str(entity.get("id")), literal=True)
        match kind:
            case Kind.APPOINTMENT | Kind.AVAILABILITY | Kind.OPENING:
                found = self._hour(Kind(kind), id_)
            case Kind.HOSPITAL:
                found = self._hospital(id_)
            case Kind.DOCTOR:
                found = self._doctor(id_, near)
            case Kind.PATIENT:
                found = Thing(self.patients.get(id_) or t("validation-lost-patient"))
            case Kind.BOOKING_REQUEST:
                found = self._request(id_)
            case Kind.RESCHEDULE:
                found = Thing(t("validation-a-reschedule"), f"/app/reschedules/{id_}")
            case Kind.PLANNING_RUN:
                found = Thing(t("validation-a-planning-run"), "/app/overview#runs-title")
            case Kind.DELIVERY:
                found = Thing(t("validation-a-delivery"), "/app/messages?status=dead")
            case _:
                found = Thing(str(id_), literal=True)
        return found

    def _hour(self, kind: Kind, id_: uuid.UUID) -> Thing:
        hour = self.hours.get((kind, id_))
        if hour is None:
            return Thing(t(f"validation-lost-{kind}"))
        who = hour.patient or t("validation-some-patient")
        if kind is Kind.AVAILABILITY:
            who = t("validation-availability-of", doctor=self.doctor(hour.doctor))
        elif kind is Kind.OPENING:
            who = t("validation-opening-of", hospital=hour.place.name if hour.place else t("validation-some-hospital"))
        return Thing(t("validation-hour", who=who, when=self.when(hour.start, hour.place)), self._seen(hour))

    def _seen(self, hour: Hour) -> str | None:
        """The schedule of that day, with no other doctor than the hour's."""
        if hour.place is None or hour.start is None:
            return None
        doctor = self.doctors[hour.doctor][0] if hour.doctor and hour.doctor in self.doctors else None
        day = hour.start.astimezone(hour.place.zone).date()
        return f"/app/schedule{query({'hospital': hour.place.external_id, 'date': str(day), 'doctor': doctor})}"

    def _hospital(self, id_: uuid.UUID) -> Thing:
        place = self.places.get(id_)
        if place is None:
            return Thing(t("validation-lost-hospital"))
        return Thing(place.name, f"/app/schedule{query({'hospital': place.external_id})}")

    def _doctor(self, id_: uuid.UUID, near: uuid.UUID | None) -> Thing:
        if id_ not in self.doctors:
            return Thing(t("validation-lost-doctor"))
        external_id, name = self.doctors[id_]
        hospital = self.places[near].external_id if near and near in self.places else None
        return Thing(name, f"/app/schedule{query({'hospital': hospital, 'doctor': external_id})}")

    def _request(self, id_: uuid.UUID) -> Thing:
        if id_ not in self.requests:
            return Thing(t("validation-lost-request"))
        return Thing(t("validation-request-of", patient=self.request_of(id_)), f"/app/requests/{id_}")


def as_id(text: object) -> uuid.UUID | None:
    """An id of ours; None where it is none, as that of a rule."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def read_places(session: Session) -> dict[uuid.UUID, Place]:
    """Every hospital, by name."""
    rows = session.execute(select(Hospital.id, Hospital.external_id, Hospital.name, Hospital.timezone))
    places = [Place(row.id, row.external_id, row.name or str(row.id), zone_named(row.timezone)) for row in rows]
    return {place.id: place for place in sorted(places, key=lambda place: (place.name, place.id))}


def _hours(
    session: Session,
    places: Mapping[uuid.UUID, Place],
    kind: Kind,
    rows: Select[Any],  # Any: see `_appointments`
    ids: Mapping[str, set[uuid.UUID]],
) -> dict[tuple[Kind, uuid.UUID], Hour]:
    if not ids.get(kind):
        return {}
    found = session.execute(rows.where(rows.selected_columns.id.in_(ids[kind])))
    return {
        (kind, row.id): Hour(places.get(row.hospital_id), row.doctor_id, row.patient, row.begins, row.ends)
        for row in found
    }


def _appointments() -> Select[Any]:  # Any: of the columns that `Hour` is made of
    rows = select(Appointment.id, Appointment.hospital_id, Appointment.doctor_id, Patient.name.label("patient"))
    return rows.add_columns(*_period(Appointment)).outerjoin(Patient, Patient.id == Appointment.patient_id)


def _availabilities() -> Select[Any]:  # Any: as above
    nobody = null().label("patient")
    rows = select(Availability.id, Availability.hospital_id, Availability.doctor_id, nobody)
    return rows.add_columns(*_period(Availability))


def _openings() -> Select[Any]:  # Any: as above
    rows = select(Opening.id, Opening.hospital_id, null().label("doctor_id"), null().label("patient"))
    return rows.add_columns(*_period(Opening))


def _period(table: type[Appointment | Availability | Opening]) -> tuple[ColumnElement[Any], ...]:
    """The ends of a period; NULL where it has none that a calendar shows."""
    ends = {"begins": func.lower(table.during, type_=_INSTANT), "ends": func.upper(table.during, type_=_INSTANT)}
    return tuple(case((end.between(FIRST_INSTANT, LAST_INSTANT), end)).label(name) for name, end in ends.items())


def the_place(places: Mapping[uuid.UUID, Place], reference: str | None) -> Place | None:
    """The hospital that an address names by its `external_id` or `id`; None where it names none.

    Raises
    ------
    Refused
        where there is no such hospital.

    """
    if reference is None:
        return None
    by_external_id = {place.external_id: place for place in places.values()}
    id_ = as_id(reference)
    found = by_external_id.get(reference) or (places.get(id_) if id_ else None)
    if found is None:
        raise gone("hospital", reference)
    return found
