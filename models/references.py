"""Finding what a caller names: a hospital, doctor or patient, by its `external_id` or by our own id."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ARRAY, Select, String, Uuid, any_, literal, or_, select
from sqlalchemy.orm import Session

from models.base import Base
from models.faults import Fault, Refusal, Refused
from models.hospitals import Hospital
from models.people import Doctor, Patient, User
from models.rescheduling.tables import Reschedule
from models.schedule import Appointment, Availability

Changeable = TypeVar("Changeable", Appointment, Availability, Reschedule)
"""What people change one at a time, each change told by its version."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a reference stands for. `timezone` is a hospital's; a hospital is always active."""

    id: uuid.UUID
    name: str
    active: bool = True
    timezone: str = ""


Directory = Mapping[str, Found]
"""What was found, by the reference that named it; what was not found is not in it."""


def find_hospitals(session: Session, references: Iterable[str]) -> Directory:
    """The hospitals that `references` name."""
    return _find(session, select(Hospital.id, Hospital.external_id, Hospital.name, Hospital.timezone), references)


def find_doctors(session: Session, references: Iterable[str]) -> Directory:
    """The doctors that `references` name."""
    rows = select(User.id, User.external_id, User.name, User.active).join(Doctor, Doctor.id == User.id)
    return _find(session, rows, references)


def find_patients(session: Session, references: Iterable[str], *, to_book: bool = False) -> Directory:
    """The patients that `references` name. `to_book`: nobody erases them until the transaction ends."""
    rows = select(Patient.id, Patient.external_id, Patient.name, Patient.active)
    if to_book:
        rows = rows.with_for_update(read=True, key_share=True)
    return _find(session, rows, references)


def unknown(kind: str, field: str, reference: str, row: int = 0) -> Fault:
    """The fault of naming a `kind` (doctor, patient, hospital) that does not exist."""
    return Fault(
        f"unknown_{kind}", field, reference, f"There is no {kind} {reference!r}; add it to the directory first.", row
    )


def inactive(kind: str, field: str, reference: str, row: int = 0) -> Fault:
    """The fault of naming a `kind` that is no longer active."""
    return Fault(
        f"inactive_{kind}", field, reference, f"The {kind} {reference!r} is no longer active; choose another.", row
    )


def lock_to_change(session: Session, kind: type[Changeable], id_: uuid.UUID, version: int | None) -> Changeable:
    """The row of that id, locked until the transaction ends. `version`: what the caller saw of it; None: any.

    Raises
    ------
    Refused
        where it does not exist, or has changed since the caller saw it.

    """
    row = session.get(kind, id_, with_for_update=True, populate_existing=True)
    if row is None:
        raise missing(kind, id_)
    if version not in (None, row.version):
        message = f"The {kind.__tablename__} has been changed since you read it; read it again."
        raise Refused(Refusal.STALE, [Fault("changed_since", "", str(id_), message)])
    return row


def missing(kind: type[Base], id_: uuid.UUID) -> Refused:
    """The refusal of an id that no row of `kind` has."""
    name = kind.__tablename__
    message = f"There is no {name.replace('_', ' ')} {id_}."
    return Refused(Refusal.NOT_FOUND, [Fault(f"unknown_{name}", "", str(id_), message)])


def check_reference(directory: Directory, kind: str, field: str, reference: str, row: int = 0) -> Iterable[Fault]:
    """No fault, or the one of a reference that names nobody or somebody inactive."""
    found = directory.get(reference)
    if found is None:
        yield unknown(kind, field, reference, row)
    elif not found.active:
        yield inactive(kind, field, reference, row)


def as_uuid(reference: str) -> uuid.UUID | None:
    """The id that `reference` spells, if it spells one."""
    try:
        return uuid.UUID(reference)
    except ValueError:
        return None


def _find(session: Session, rows: Select[*tuple[Any, ...]], references: Iterable[str]) -> Directory:
    wanted = set(references)
    if not wanted:
        return {}
    ids = {reference: id_ for reference in wanted if (id_ := as_uuid(reference))}
    columns = rows.selected_columns
    named = or_(
        columns["external_id"] == any_(literal(sorted(wanted), ARRAY(String))),
        columns["id"] == any_(literal(sorted(ids.values()), ARRAY(Uuid))),
    )
    by_external_id: dict[str, Found] = {}
    by_id: dict[uuid.UUID, Found] = {}
    for match in session.execute(rows.where(named)).mappings():
        value = Found(match["id"], match["name"], match.get("active", True), match.get("timezone", ""))
        by_external_id[match["external_id"]] = by_id[value.id] = value
    # Where one row's external id looks like another row's id, the external id is what the caller meant.
    found = {reference: by_id[id_] for reference, id_ in ids.items() if id_ in by_id}
    return found | {reference: by_external_id[reference] for reference in wanted if reference in by_external_id}
