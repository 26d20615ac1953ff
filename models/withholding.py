"""What a conflict tells somebody who does not see everything: nothing of hospitals, requests and appointments out of
their reach but that something there stands in the way.

A conflict is found and kept whole, because what is elsewhere may decide it (a patient is in one place at a time). Who
asks has their own part of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.access import reach
from models.arrays import among
from models.booking import BookingRequest, JsonObject
from models.hospitals import Hospital
from models.people import User
from models.rescheduling.tables import Reschedule
from models.schedule import Appointment
from planner.plan import ConflictKind

ID_LENGTH = len(str(UUID(int=0)))

WITHHELD = "withheld"
"""The fact that says that others are left out."""

_NAMED: tuple[InstrumentedAttribute[UUID], ...] = (
    Hospital.id,
    BookingRequest.id,
    Appointment.id,
    User.id,
    Reschedule.id,
)
"""Whose ids conflicts and messages hold."""

_ASKED_BY = ("booking_request", "reschedule")
"""What a message about an appointment names besides: whatever asked for it."""

_MORE = "Not all of what stands in the way is yours to see."

_DISCREET = {
    ConflictKind.HOSPITAL_CLOSED: "No hospital that is acceptable is open for a whole hour then.",
    ConflictKind.NO_AVAILABILITY: "No doctor who is acceptable is available for a whole hour then.",
    ConflictKind.HOURS_TAKEN: "Appointments hold every hour in which somebody could see the patient.",
    ConflictKind.PATIENT_BUSY: "Every free hour overlaps an appointment that the patient has already.",
    ConflictKind.OUTCOMPETED: "Every hour that was free went to requests of the same or a higher priority, or to"
    " appointments that made room for them.",
}
"""What is said where the whole sentence names what is out of reach."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a conflict, in the shapes that it is kept in. What is withheld is left out of the lists of facts,
    `withheld` among them says so, and the certificate, which would prove nothing any more, is empty.
    """

    message: str
    facts: JsonObject
    certificate: JsonObject
    alternatives: list[JsonObject]


class Withholding:
    """What somebody is told of some conflicts, whose ids are looked up together."""

    def __init__(self, session: Session, values: Iterable[Any]) -> None:  # Any: JSON values
        """`values`: facts, certificates and alternatives."""
        self._seen: set[UUID] | None = None
        if reach.of(session).is_bounded:
            ids = ids_in(list(values))
            self._seen = {id_ for column in _NAMED for id_ in session.scalars(select(column).where(among(column, ids)))}

    def of(
        self,
        kind: ConflictKind,
        message: str,
        facts: Mapping[str, Any],
        certificate: Mapping[str, Any],
        alternatives: Iterable[Mapping[str, Any]],
    ) -> Told:
        """What is told of one conflict."""
        instead = [dict(each) for each in alternatives if self._is_seen(each["hospital"])]
        if not self._is_seen(facts):
            told = {name: self._kept(value) if self._may_be_told(value) else None for name, value in facts.items()}
            return Told(f"{_DISCREET[kind]} {_MORE}", told | {WITHHELD: True}, {}, instead)
        return Told(message, dict(facts), dict(certificate) if self._is_seen(certificate) else {}, instead)

    def of_message(self, payload: Mapping[str, Any]) -> JsonObject:
        """What is told of a message of the outbox: of an hour that is or was elsewhere, only that it is another one."""
        told = {name: value for name, value in payload.items() if name not in _ASKED_BY or self._is_seen(value)}
        if not self._is_seen(payload.get("former_hospital", "")):
            told = {name: value for name, value in told.items() if not name.startswith("former_")}
        if not self._is_seen(payload.get("hospital", "")):
            left = {"former_doctor": payload["doctor"]} | told if "doctor" in payload else told
            told = {name: value for name, value in left.items() if name not in ("doctor", "hospital", "start")}
        return told

    def _kept(self, value: Any) -> Any:  # Any: JSON values
        """A value without what is out of reach."""
        match value:
            case list():
                return [self._kept(each) for each in value if self._may_be_told(each)]
            case dict():
                return {name: self._kept(each) for name, each in value.items() if self._may_be_told(each)}
            case _:
                return value

    def _may_be_told(self, value: Any) -> bool:  # Any: a JSON value
        """Whether anything of it may: nothing of an hour at a hospital that is out of reach."""
        match value:
            case {"hospital": hospital}:
                return self._is_seen(hospital)
            case str():
                return self._is_seen(value)
            case _:
                return True

    def _is_seen(self, value: Any) -> bool:  # Any: a JSON value
        """Whether a value names nothing that is out of reach."""
        return self._seen is None or ids_in(value) <= self._seen


def ids_in(value: Any) -> set[UUID]:  # Any: a JSON value
    """Every text in a JSON value that is one of our ids. Thousands of facts name the same few."""
    found = set()
    for text in set(_id_like(value)):
        with suppress(ValueError):
            found.add(UUID(text))
    return found


def _id_like(value: Any) -> Iterator[str]:  # Any: a JSON value
    """Every text in a JSON value that is as long as an id."""
    unread = [value]
    while unread:
        match unread.pop():
            case dict() as entries:
                unread += [*entries.keys(), *entries.values()]
            case list() | tuple() as items:
                unread += items
            case str() as text if len(text) == ID_LENGTH:
                yield text
