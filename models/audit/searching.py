"""Searching the audit: by whom an entry concerns, who acted, what was done and when, newest first."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, ColumnElement, Uuid, literal, or_, select
from sqlalchemy.orm import Session

from models.access.tables import AccessToken
from models.audit import readings
from models.audit.tables import AuditDetail, AuditEntry
from models.faults import Fault, Refusal, Refused
from models.people import User
from models.references import Directory, as_uuid, find_doctors, find_patients, unknown


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are wanted; None: whichever.

    `patient` and `doctor` are external ids or ids, `appointment` an id; `actor` is the external id, the id or the name
    of a user, a token, a worker or whoever else acted; `[since, until)` are instants.
    """

    patient: str | None = None
    doctor: str | None = None
    appointment: uuid.UUID | None = None
    actor: str | None = None
    action: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An entry, and what a patient was called before and after, where it is about that and they were not erased."""

    entry: AuditEntry
    detail: AuditDetail | None


def search(session: Session, wanted: Wanted, limit: int, before: int | None = None) -> Sequence[Told]:
    """The newest entries that are wanted, at most `limit`, of those with an id below `before`.

    To search for a patient is to be shown something of them: it is a reading (`models.audit.readings`).

    Raises
    ------
    Refused
        where there is no such patient or doctor, and none has been.

    """
    rows = (
        select(AuditEntry, AuditDetail)
        .outerjoin(AuditDetail, AuditDetail.entry_id == AuditEntry.id)
        .where(*_conditions(session, wanted))
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    if before is not None:
        rows = rows.where(AuditEntry.id < before)
    told = [Told(entry, detail) for entry, detail in session.execute(rows)]
    readings.note(session, {each.detail.patient_id for each in told if each.detail})
    return told


def _conditions(session: Session, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    subjects = []
    if wanted.patient is not None:
        subjects.append(_subject("patient", wanted.patient, find_patients(session, [wanted.patient])))
        readings.note(session, subjects)
    if wanted.doctor is not None:
        subjects.append(_subject("doctor", wanted.doctor, find_doctors(session, [wanted.doctor])))
    if wanted.appointment is not None:
        subjects.append(wanted.appointment)
    if subjects:
        yield AuditEntry.subjects.op("@>", is_comparison=True)(literal(subjects, ARRAY(Uuid)))
    if wanted.actor is not None:
        yield _acted(session, wanted.actor)
    if wanted.action is not None:
        yield AuditEntry.action == wanted.action
    if wanted.since is not None:
        yield AuditEntry.at >= wanted.since
    if wanted.until is not None:
        yield AuditEntry.at < wanted.until


def _subject(kind: str, reference: str, found: Directory) -> uuid.UUID:
    """Whom a reference means: also somebody who is gone, by their id."""
    if reference in found:
        return found[reference].id
    if id_ := as_uuid(reference):
        return id_
    fault: Fault = unknown(kind, kind, reference)
    raise Refused(Refusal.INVALID, [fault])


def _acted(session: Session, actor: str) -> ColumnElement[bool]:
    """Whether somebody acted: under their id, whatever they were called then, or under that name."""
    ids = [id_] if (id_ := as_uuid(actor)) else []
    ids += session.scalars(select(User.id).where(User.external_id == actor))
    ids += session.scalars(select(AccessToken.id).where(AccessToken.name == actor))
    return or_(AuditEntry.actor_id.in_(ids), AuditEntry.actor_name == actor)
