"""What a check finds, before it is written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from models.booking import JsonObject
from models.validation.codes import Code

LONGEST_KEY = 500


class Kind(StrEnum):
    """What an entity of a finding is."""

    APPOINTMENT = "appointment"
    AVAILABILITY = "availability"
    OPENING = "opening"
    HOSPITAL = "hospital"
    DOCTOR = "doctor"
    PATIENT = "patient"
    BOOKING_REQUEST = "booking_request"
    PLANNING_RUN = "planning_run"
    RESCHEDULE = "reschedule"
    DELIVERY = "delivery"
    CHANNEL = "channel"  # its id is its name: `email`
    TIMEZONE = "timezone"  # its id is the name
    RULE = "rule"  # its id is `table.constraint`
    ROW = "row"  # its id is `table:primary key`
    CHECK = "check"


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """Something that a finding is about: an id, and what it is the id of."""

    kind: Kind
    id: str

    @property
    def json(self) -> JsonObject:
        """As it is stored."""
        return {"kind": self.kind, "id": self.id}


@dataclass(frozen=True, slots=True)
class Found:
    """A finding as a check makes it.

    Code and `subject` make it the same finding night after night: of an overlap both appointments, of an opening that
    differs the hospital. `besides` are further entities it is about. `hospitals` are those whose schedule it concerns:
    the validation of any of them finds it; none: it concerns all, and every validation finds it. `message` is one or
    two sentences that say what is wrong, where and when by the hospital's clock, without the name of a patient.
    `remedy`: see `models.validation.remedies`.
    """

    code: Code
    subject: tuple[Entity, ...]
    message: str
    hospitals: frozenset[UUID] = frozenset()
    besides: tuple[Entity, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON values, shaped by `code`
    remedy: JsonObject | None = None

    @property
    def key(self) -> str:
        """What tells it from all other findings. A long one is shortened: an index takes less than 2,700 bytes."""
        whole = " ".join([self.code, *(f"{each.kind}:{each.id}" for each in sorted(self.subject))])
        return whole if len(whole) <= LONGEST_KEY else f"{self.code} sha256:{sha256(whole.encode()).hexdigest()}"
