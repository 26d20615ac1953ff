"""What the form of a booking request holds while it is filled in: texts, just as they were typed."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from zoneinfo import ZoneInfo

from api.web import clocks
from api.web.forms import Faults, Sent, TypedTime, add, read, read_time
from api.web.words import t
from models.hospitals import Hospital
from models.inputs import BookingRequestIn

TIMES = ("earliest", "latest", "preferred")
_WEEK = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class WishForm:
    """The fields of the form.

    Patient, doctors and hospitals are external ids; the times are local times of `clock`, an IANA time zone, each
    with the answer which of two equal ones it is. A form that `replaces` a request queues another in its place.
    """

    search: str = ""
    patient: str = ""
    doctors: tuple[str, ...] = ()
    adding: str = ""
    specialty: str = ""
    hospitals: tuple[str, ...] = ()
    priority: str = "routine"
    clock: str = ""
    earliest: str = ""
    earliest_fold: str = ""
    latest: str = ""
    latest_fold: str = ""
    preferred: str = ""
    preferred_fold: str = ""
    moves: str = ""
    replaces: str = ""

    @classmethod
    def sent(cls, sent: Sent) -> Self:
        """What a browser sent."""
        several = {name: tuple(dict.fromkeys(sent.get(name, ()))) for name in ("doctors", "hospitals")}
        single = {name: sent[name][0] for name in cls.__slots__ if name in sent and name not in several}
        return cls(**single, **several)  # type: ignore[arg-type]  # every field is a text, but for the two lists

    @classmethod
    def of(cls, request: BookingRequestIn, zone: ZoneInfo, replaces: str = "") -> Self:
        """A request that is there already."""
        instants = {name: instant for name in TIMES if (instant := getattr(request, name))}
        typed = {name: TypedTime.at(instant, zone) for name, instant in instants.items()}
        times = {name: time.value for name, time in typed.items()}
        times |= {f"{name}_fold": time.fold for name, time in typed.items()}
        return cls(
            patient=request.patient,
            doctors=tuple(request.doctors or ()),
            specialty=request.specialty or "",
            hospitals=tuple(request.hospitals or ()),
            priority=request.priority,
            clock=zone.key,
            moves=str(request.moves or ""),
            replaces=replaces,
            **times,
        )

    def after(self, action: str) -> Self:
        """The form after one of its buttons: `add`, `remove:<doctor>`, `up:<doctor>`, `down:<doctor>`, `longer`."""
        verb, _, doctor = action.partition(":")
        match verb:
            case "add" if self.adding:
                return replace(self, doctors=tuple(dict.fromkeys([*self.doctors, self.adding])), adding="")
            case "remove":
                return replace(self, doctors=tuple(each for each in self.doctors if each != doctor))
            case "up" | "down" if doctor in self.doctors:
                return replace(self, doctors=_moved(self.doctors, doctor, -1 if verb == "up" else 1))
            case "longer":
                return replace(self, latest=_a_week_later(self.latest or self.earliest))
        return self

    def zones(self, hospitals: Iterable[Hospital]) -> list[ZoneInfo]:
        """The clocks of the chosen hospitals (of all, where none is chosen), each once."""
        chosen = [each for each in hospitals if not self.hospitals or each.external_id in self.hospitals]
        return [ZoneInfo(name) for name in dict.fromkeys(each.timezone for each in chosen)]

    def zone(self, hospitals: Sequence[Hospital], last: ZoneInfo) -> ZoneInfo:
        """The clock by which the times are meant; `last` is that of the hospital looked at last."""
        zones = self.zones(hospitals) or [last]
        return next((zone for zone in zones if zone.key == self.clock), last if last in zones else zones[0])

    def time(self, name: str, zone: ZoneInfo) -> TypedTime:
        """One of the times, by the clock of `zone`."""
        return TypedTime.of(getattr(self, name), getattr(self, f"{name}_fold"), zone)


def read_wish(form: WishForm, sent: Sent, zone: ZoneInfo, now: dt.datetime, faults: Faults) -> BookingRequestIn | None:
    """The request that the form asks for; None where it has faults, which are added to `faults`."""
    if form.clock and form.clock != zone.key:
        add(faults, "clock", t("requests-other-clock", place=clocks.place(zone)))
    values: dict[str, Any] = {name: read_time(sent, name, zone, faults) for name in TIMES}  # Any: instants and texts
    # A field that has its fault already needs no second one for being empty.
    values |= {name: now for name in TIMES if name in faults}
    values = {name: value for name, value in values.items() if value is not None}
    if not form.patient:
        add(faults, "patient", t("requests-choose-patient"))
    values |= {
        "patient": form.patient or "-",
        "priority": form.priority,
        "doctors": list(form.doctors) or None,
        "specialty": form.specialty or None,
        "hospitals": list(form.hospitals) or None,
        "moves": form.moves or None,
    }
    request = read(BookingRequestIn, values, faults)
    return None if faults else request


def _moved(doctors: tuple[str, ...], doctor: str, step: int) -> tuple[str, ...]:
    """The list with one doctor a place further; at an end it stays."""
    place = doctors.index(doctor)
    others = [each for each in doctors if each != doctor]
    others.insert(max(0, place + step), doctor)
    return tuple(others)


def _a_week_later(local: str) -> str:
    try:
        return (dt.datetime.fromisoformat(local) + _WEEK).isoformat(timespec="minutes")
    except (ValueError, OverflowError):
        return local
