"""What the form of a new reschedule holds while it is filled in, and what it asks for."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from api import sentences
from api.web import clocks
from api.web.forms import Faults, Sent, TypedTime, add, read_time
from api.web.reschedules.week import DAYS, read_week
from api.web.words import t
from models.faults import Fault
from models.hospitals import Hospital
from models.rescheduling.inputs import RescheduleIn
from models.rescheduling.tables import Cause

TIMES = ("start", "end", "latest")
NUMBERS = ("notice_hours", "within_days", "others_within_days", "quiet_days")
FIELDS = {"cause", "label", "doctors", "hospital", "only_at", "clock", "file", *TIMES, *NUMBERS, *DAYS}
"""The fields that a fault can stand beside."""

_OF_POLICY = (*NUMBERS, "latest", "other_doctor", "other_hospital", "others_move", "cancel_unplaced")
_WITH_DOCTORS = (Cause.DOCTOR_UNAVAILABLE, Cause.ROOM)
_WITH_PERIOD = (Cause.DOCTOR_UNAVAILABLE, Cause.HOSPITAL_CLOSED, Cause.ROOM)


@dataclass(frozen=True, slots=True)
class RescheduleForm:
    """The form, as it was sent or as it begins. What it does not ask for with this cause stays in it.

    `only_at`: where doctors are away, if not everywhere. `adding`: a doctor who is chosen but not on the list yet.
    `appointments`: the ids that a file named, apart by blanks. The days of the week hold the new hours as typed.
    """

    cause: str = Cause.DOCTOR_UNAVAILABLE.value
    label: str = ""
    doctors: tuple[str, ...] = ()
    adding: str = ""
    hospital: str = ""
    only_at: str = ""
    clock: str = ""
    start: str = ""
    start_fold: str = ""
    end: str = ""
    end_fold: str = ""
    monday: str = ""
    tuesday: str = ""
    wednesday: str = ""
    thursday: str = ""
    friday: str = ""
    saturday: str = ""
    sunday: str = ""
    appointments: str = ""
    notice_hours: str = "24"
    within_days: str = ""
    latest: str = ""
    latest_fold: str = ""
    other_doctor: str = ""
    other_hospital: str = ""
    others_move: str = ""
    others_within_days: str = "7"
    quiet_days: str = "30"
    cancel_unplaced: str = ""

    @classmethod
    def sent(cls, sent: Sent) -> Self:
        """The form as it was filled in."""
        single = {each.name: sent[each.name][0] for each in fields(cls) if each.name in sent and each.name != "doctors"}
        return cls(doctors=tuple(dict.fromkeys(sent.get("doctors", ()))), **single)

    @property
    def kind(self) -> Cause:
        """What happened; as the form begins where what was sent is no cause."""
        return Cause(self.cause) if self.cause in set(Cause) else Cause.DOCTOR_UNAVAILABLE

    @property
    def at(self) -> str:
        """The hospital that it is about; empty where it is about all."""
        return self.only_at if self.kind is Cause.DOCTOR_UNAVAILABLE else self.hospital

    @property
    def chosen(self) -> tuple[str, ...]:
        """The doctors on the list, with the one who is still to be added to it."""
        return tuple(dict.fromkeys([*self.doctors, *([self.adding] if self.adding else [])]))

    @property
    def ids(self) -> list[str]:
        """The appointments that a file named."""
        return self.appointments.split()

    @property
    def week(self) -> dict[str, str]:
        """The new hours as they are typed, by weekday."""
        return {day.value: getattr(self, day.value) for day in DAYS}

    @property
    def has_own_policy(self) -> bool:
        """Whether anything may be done that would not be by default, or the other way round."""
        begins = RescheduleForm()
        return any(getattr(self, name) != getattr(begins, name) for name in _OF_POLICY)

    def with_week(self, week: Mapping[str, str]) -> Self:
        """The form with the hours of every weekday typed in."""
        return replace(self, **week)  # type: ignore[arg-type]  # weekdays are texts

    def after(self, action: str) -> Self:
        """The form after one of its buttons: `add`, `remove:<doctor>`."""
        verb, _, doctor = action.partition(":")
        match verb:
            case "add":
                return replace(self, doctors=self.chosen, adding="")
            case "remove":
                return replace(self, doctors=tuple(each for each in self.doctors if each != doctor))
        return self

    def zones(self, hospitals: Sequence[Hospital]) -> list[ZoneInfo]:
        """The clocks of the hospitals that it is about, each once."""
        concerned = [each for each in hospitals if self.at in ("", each.external_id)]
        return [ZoneInfo(name) for name in dict.fromkeys(each.timezone for each in concerned)]

    def zone(self, hospitals: Sequence[Hospital], last: ZoneInfo) -> ZoneInfo:
        """The clock by which the times are meant; `last` is that of the hospital looked at last."""
        zones = self.zones(hospitals) or [last]
        return next((zone for zone in zones if zone.key == self.clock), last if last in zones else zones[0])

    def time(self, name: str, zone: ZoneInfo) -> TypedTime:
        """One of the times, by the clock of `zone`."""
        return TypedTime.of(getattr(self, name), getattr(self, f"{name}_fold"), zone)


def read_reschedule(
    form: RescheduleForm, sent: Sent, zone: ZoneInfo, faults: Faults, *, what_if: bool
) -> RescheduleIn | None:
    """The job that the form asks for; None where it has faults, which are added to `faults`."""
    if form.clock and form.clock != zone.key:
        add(faults, "clock", t("reschedules-other-clock", place=clocks.place(zone)))
    times = {name: read_time(sent, name, zone, faults) for name in TIMES}
    for field, sentence in _missing(form):
        if field not in faults:
            add(faults, field, sentence)
    values = {
        "cause": form.cause,
        "label": form.label or None,
        "scope": _scope(form, times, faults),
        "policy": _policy(form, times["latest"]),
        "what_if": what_if,
    }
    return _validated(values, faults)


def at_field(fault: Fault) -> Fault:
    """A fault of what a job asks for, at its field of the form; of anything else, one of the whole."""
    named = fault.field.removeprefix("scope").removeprefix(".").removeprefix("policy.").partition("[")[0]
    field = "file" if named == "appointments" else named
    message = t("reschedules-passed") if fault.code == "scope_passed" else fault.message
    return Fault(fault.code, field if field in FIELDS else "", fault.value, message)


def _missing(form: RescheduleForm) -> Iterator[tuple[str, str]]:
    """What the cause needs and the form does not say."""
    if form.kind in _WITH_DOCTORS and not form.chosen:
        yield "doctors", t("reschedules-choose-doctor")
    if form.kind not in (Cause.DOCTOR_UNAVAILABLE, Cause.APPOINTMENTS) and not form.hospital:
        yield "hospital", t("reschedules-choose-hospital")
    if form.kind in _WITH_PERIOD:
        for name in ("start", "end"):
            if not getattr(form, name):
                yield name, t(f"reschedules-{name}-missing")
    if form.kind is Cause.APPOINTMENTS and not form.ids:
        yield "file", t("reschedules-choose-file")


def _scope(form: RescheduleForm, times: dict[str, dt.datetime | None], faults: Faults) -> dict[str, Any]:
    """What `ScopeIn` takes of the form, for its cause."""
    scope: dict[str, Any] = {}  # Any: whatever a field takes
    if form.kind in _WITH_DOCTORS:
        scope["doctors"] = list(form.chosen) or None
    if form.kind is not Cause.APPOINTMENTS:
        scope["hospital"] = form.at or None
    if form.kind in _WITH_PERIOD:
        scope |= {name: times[name] for name in ("start", "end")}
    if form.kind is Cause.HOURS_CHANGED:
        scope["operating_hours"] = read_week(form.week, faults)
    if form.kind is Cause.APPOINTMENTS:
        scope["appointments"] = form.ids or None
    return {name: value for name, value in scope.items() if value is not None}


def _policy(form: RescheduleForm, latest: dt.datetime | None) -> dict[str, Any]:  # Any: whatever a field takes
    return {
        **{name: getattr(form, name) for name in NUMBERS},
        "within_days": form.within_days or None,
        "latest": latest,
        "same_doctor": not form.other_doctor,
        "same_hospital": not form.other_hospital,
        "others_move": bool(form.others_move),
        "cancel_unplaced": bool(form.cancel_unplaced),
    }


def _validated(values: dict[str, Any], faults: Faults) -> RescheduleIn | None:
    """The values as a job; None where they have faults. What is missing has been said by then, in the form's words."""
    try:
        job = RescheduleIn.model_validate(values)
    except ValidationError as error:
        for fault in error.errors():
            if fault["type"] == "scope_incomplete" and faults:
                continue
            _, predicate = sentences.shape_fault(fault["type"], fault["msg"], fault.get("ctx", {}))
            add(faults, _field_of(fault["loc"], fault["type"]), f"{predicate[:1].upper()}{predicate[1:]}.")
        return None
    return None if faults else job


def _field_of(place: tuple[int | str, ...], kind: str) -> str:
    """The field of the form for a place in a job; empty for what has none."""
    if kind in ("scope_runs_backward", "scope_too_long"):
        return "end"
    names = [step for step in place if isinstance(step, str) and step in {*FIELDS, "appointments"}]
    return "file" if "appointments" in names else names[0] if names else ""
