"""Why an hour cannot be had, in sentences, and the hours that can be had instead, each one click away."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session

from api.conflict_view import Names
from api.problems import STATUS
from api.web import clocks
from api.web.dialogs.places import Hour, Place
from api.web.rendering import page
from api.web.words import t
from models.faults import Fault, Refused
from models.session import transaction
from planner.plan import ConflictKind


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was wanted: an hour for a patient. `again` is where another hour is sent, with the fields `kept`."""

    hour: Hour
    patient: str
    again: str
    kept: Mapping[str, str]


def why_not(request: Request, refusal: Refused, wanted: Wanted, nothing_done: str) -> Response:
    """The dialog that says what stands against an hour. `nothing_done`: its title."""
    with transaction() as session:
        sentences = [sentence for fault in refusal.faults for sentence in _sentences(session, fault, wanted)]
        instead = [hour for fault in refusal.faults for hour in _alternatives(session, fault)]
    context = {"title": nothing_done, "sentences": sentences, "alternatives": instead, "wanted": wanted}
    return page(request, "dialogs/why_not.html", STATUS[refusal.refusal], **context)


def _sentences(session: Session, fault: Fault, wanted: Wanted) -> Iterator[str]:
    place, facts = wanted.hour.place, fault.facts
    named = {"doctor": place.doctor.name, "hospital": place.hospital.name, "hour": wanted.hour.told}
    match fault.code:
        case ConflictKind.HOURS_TAKEN:
            yield t("dialogs-hour-taken", **named)
        case ConflictKind.PATIENT_BUSY:
            yield t("dialogs-patient-busy", patient=wanted.patient, **named)
            for hour in _hours(session, facts["appointments"]):
                yield t("dialogs-patient-busy-with", doctor=hour.place.doctor.name, hour=hour.told)
        case ConflictKind.NO_AVAILABILITY:
            yield t("dialogs-not-available", **named)
            if nearest := facts["nearest_availability"]:
                yield t("dialogs-nearest-availability", period=_period(session, nearest), **named)
        case ConflictKind.HOSPITAL_CLOSED:
            yield t("dialogs-closed-then", **named)
            if opening := facts["next_opening"]:
                yield t("dialogs-next-opening", period=_period(session, opening | {"doctor": str(place.doctor.id)}))
        case "off_the_hour":
            first, second = (clocks.clock(dt.datetime.fromisoformat(each), place.zone) for each in facts["nearest"])
            yield t("dialogs-off-the-hour", first=first, second=second)
        case "changed_since" | "already_being_moved" as code:
            yield t("dialogs-changed-since") if code == "changed_since" else t("dialogs-being-moved")
        case _:
            yield fault.message


def _alternatives(session: Session, fault: Fault) -> list[Hour]:
    return _hours(session, fault.facts.get("alternatives", ()))


def _hours(session: Session, values: Any) -> list[Hour]:  # Any: JSON values that name doctor, hospital and start
    named = Names.of(session, list(values)).alternatives(values)
    return [Hour(Place(each.doctor, each.hospital), dt.datetime.fromisoformat(each.start)) for each in named]


def _period(session: Session, value: Mapping[str, str]) -> str:
    """A period of the facts, with its doctor and hospital by id, in words."""
    place = _hours(session, [value])[0].place
    return place.period(*(dt.datetime.fromisoformat(value[end]) for end in ("start", "end")))
