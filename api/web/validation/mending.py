"""What would mend a finding, in words: what the button says, and what will happen, exactly."""

from collections.abc import Iterator
from typing import assert_never

from pydantic import ValidationError

from api.web import clocks
from api.web.validation.things import Hour, Things, as_id
from api.web.words import t
from models.booking import JsonObject
from models.rescheduling.inputs import ScopeIn
from models.validation.found import Kind
from models.validation.remedies.kinds import (
    BookRequest,
    CancelAppointment,
    CancelRequest,
    DeliverAgain,
    MoveAppointment,
    PlanReschedule,
    ProjectOpenings,
    QueueRequest,
    Remedy,
    RestoreWallClock,
    SettleRequest,
    Statement,
    TrimAvailability,
    WithdrawAvailabilities,
    remedy_of,
)
from models.validation.tables import Finding

_NAMES = {
    "appointment": Kind.APPOINTMENT,
    "availability": Kind.AVAILABILITY,
    "doctor": Kind.DOCTOR,
    "hospital": Kind.HOSPITAL,
    "booking_request": Kind.BOOKING_REQUEST,
}
"""What the fields of a remedy are the ids of."""


def remedy(finding: Finding) -> Remedy | None:
    """The remedy of a finding; None where it has none, or one that this version does not know."""
    try:
        return remedy_of(finding.remedy) if finding.remedy else None
    except ValidationError:
        return None


def button(found: Remedy) -> str:
    """What the button says that leads to the question."""
    return t(f"validation-mend-{found.kind.replace('_', '-')}")


def named_in(found: Remedy) -> Iterator[JsonObject]:
    """The entities that a remedy names."""
    stored = found.stored
    for name, kind in _NAMES.items():
        if name in stored:
            yield {"kind": kind, "id": stored[name]}
    if isinstance(found, PlanReschedule):
        yield from ({"kind": Kind.DOCTOR, "id": doctor} for doctor in found.scope.doctors or ())


def consequence(found: Remedy, things: Things) -> str:
    """What will happen, in a sentence or two."""
    said: dict[str, object] = {}
    match found:
        case MoveAppointment() | CancelAppointment():
            said = _of_appointment(found, things)
        case QueueRequest() | CancelRequest() | SettleRequest() | BookRequest():
            said = _of_request(found, things)
        case PlanReschedule(scope=scope):
            said = {"what": _lost(scope, things)}
        case ProjectOpenings(hospital=hospital) | RestoreWallClock(hospital=hospital):
            said = {"hospital": things.place(hospital)}
        case TrimAvailability(availability=availability):
            hour = things.hours.get((Kind.AVAILABILITY, availability))
            said = {"doctor": things.doctor(hour.doctor if hour else None), "period": _period(hour)}
        case WithdrawAvailabilities(doctor=doctor):
            said = {"doctor": things.doctor(doctor)}
        case DeliverAgain(channel=channel):
            said = {"channel": channel}
        case Statement():
            pass
        case _:
            assert_never(found)
    return t(f"validation-does-{found.kind.replace('_', '-')}", **said)


def _of_appointment(found: MoveAppointment | CancelAppointment, things: Things) -> dict[str, object]:
    hour = things.hours.get((Kind.APPOINTMENT, found.appointment))
    place = hour.place if hour else None
    before: dict[str, object] = {
        "patient": (hour.patient if hour else None) or t("validation-some-patient"),
        "doctor": things.doctor(hour.doctor if hour else None),
        "hospital": place.name if place else t("validation-some-hospital"),
        "before": things.when(hour.start if hour else None, place),
    }
    return before | _after(found, things) if isinstance(found, MoveAppointment) else before


def _of_request(found: QueueRequest | CancelRequest | SettleRequest | BookRequest, things: Things) -> dict[str, object]:
    said: dict[str, object] = {"patient": things.request_of(found.booking_request)}
    if isinstance(found, SettleRequest):
        said["status"] = t(f"common-status-{found.status}")
    return said | _after(found, things) if isinstance(found, BookRequest) else said


def _after(found: MoveAppointment | BookRequest, things: Things) -> dict[str, object]:
    """The hour that somebody is given."""
    return {
        "after": things.when(found.start, things.places.get(found.hospital)),
        "new_doctor": things.doctor(found.doctor),
        "new_hospital": things.place(found.hospital),
    }


def _period(hour: Hour | None) -> str:
    if hour is None or hour.start is None or hour.end is None or hour.place is None:
        return t("validation-some-time")
    return t(
        "validation-from-to",
        start=clocks.when(hour.start, hour.place.zone),
        end=clocks.when(hour.end, hour.place.zone),
    )


def _lost(scope: ScopeIn, things: Things) -> str:
    """Whose appointments are given other hours."""
    if scope.doctors:
        return t("validation-lost-of-doctor", doctor=things.doctor(as_id(scope.doctors[0])), count=len(scope.doctors))
    if scope.hospital and (hospital := as_id(scope.hospital)):
        return t("validation-lost-of-hospital", hospital=things.place(hospital))
    return t("validation-lost-of-appointments", count=len(scope.appointments or ()))
