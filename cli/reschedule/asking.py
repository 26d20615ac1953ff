"""What the options of `slotwise reschedule plan` ask for, as the API takes it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from cli.client import Api, ApiRefused, Json
from cli.output import Exit, FaultLine, Stop, refuse
from cli.reschedule.clocks import Hospitals, NoInstant, Typed, has_offset, instant, typed
from models.files.places import LineOrigin
from models.rescheduling.inputs import NEEDED, OPTIONAL
from models.rescheduling.tables import Cause

OPTIONS: Mapping[str, str] = {
    "doctors": "--doctor",
    "hospital": "--hospital",
    "start": "--from",
    "end": "--until",
    "operating_hours": "--hours",
    "appointments": "--appointments",
}
"""The options that a scope is given by, by its fields."""

_OPTION_OF: dict[str, str] = {
    "scope": "what is lost",
    **{f"scope/{field}": option for field, option in OPTIONS.items()},
    "label": "--label",
    "policy/notice_hours": "--notice",
    "policy/latest": "--latest",
    "policy/within_days": "--within",
    "policy/others_within_days": "--others-within",
    "policy/quiet_days": "--quiet",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options, as they were typed. None: left out."""

    doctors: Sequence[str]
    hospital: str | None
    start: str | None
    end: str | None
    closed: bool
    room: bool
    hours: Path | None
    appointments: Path | None
    latest: str | None
    label: str | None
    what_if: bool
    policy: Mapping[str, Json]  # without `latest`

    @property
    def cause(self) -> Cause:
        """Why hours are lost.

        Raises
        ------
        Stop
            where the options say more than one thing, or too little or too much for what they say.

        """
        said = {
            "--closed": (self.closed, Cause.HOSPITAL_CLOSED),
            "--room": (self.room, Cause.ROOM),
            "--hours": (self.hours is not None, Cause.HOURS_CHANGED),
            "--appointments": (self.appointments is not None, Cause.APPOINTMENTS),
        }
        chosen = {option: cause for option, (given, cause) in said.items() if given}
        if len(chosen) > 1:
            raise Stop(f"{' and '.join(chosen)} are different causes; a reschedule has one.", Exit.USAGE)
        cause = next(iter(chosen.values()), Cause.DOCTOR_UNAVAILABLE)
        self._check_scope(cause)
        return cause

    def _check_scope(self, cause: Cause) -> None:
        given = {
            "doctors": self.doctors,
            "hospital": self.hospital,
            "start": self.start,
            "end": self.end,
            "operating_hours": self.hours,
            "appointments": self.appointments,
        }
        named = {field for field, value in given.items() if value}
        # The file of hours names the hospital.
        implied = {"hospital"} if cause is Cause.HOURS_CHANGED else set()
        missing = NEEDED[cause] - named - implied
        surplus = named - NEEDED[cause] - OPTIONAL.get(cause, frozenset())
        what = cause.value.replace("_", " ")
        if missing:
            raise Stop(f"Add {_listed(missing)}: {what} needs {_listed(NEEDED[cause] - implied)}.", Exit.USAGE)
        if surplus:
            raise Stop(f"Leave out {_listed(surplus)}: it means nothing for {what}.", Exit.USAGE)


def asked_for(api: Api, wanted: Wanted, *, as_json: bool) -> Json:
    """The body of `POST /reschedules`; of a file of appointments its parameters, for the file is the body.

    Raises
    ------
    Stop
        where an option or a file has a fault; all of them have been told.
    ApiRefused
        where a doctor or a hospital is unknown.

    """
    cause = wanted.cause
    hospital, week = weekly_hours(wanted.hours, wanted.hospital, as_json=as_json) if wanted.hours else (None, None)
    times = _instants(api, wanted, hospital or wanted.hospital, as_json=as_json)
    policy = {**wanted.policy, "latest": times["--latest"]}
    scope = {
        "doctors": list(wanted.doctors) or None,
        "hospital": hospital or wanted.hospital,
        "start": times["--from"],
        "end": times["--until"],
        "operating_hours": week,
    }
    about = {"label": wanted.label, "what_if": wanted.what_if}
    if cause is Cause.APPOINTMENTS:
        return _given(about | policy)
    return {"cause": cause.value, **_given(about), "scope": _given(scope), "policy": _given(policy)}


def option_of(path: str) -> str:
    """The option that a path in the body (`scope/doctors/0`) or a parameter came from."""
    for field, option in reversed(_OPTION_OF.items()):
        if path in (field, field.rpartition("/")[2]) or path.startswith(f"{field}/"):
            return option
    return path


def sent_faults(refused: ApiRefused, file: Path | None) -> Iterator[FaultLine]:
    """What is wrong with what was sent, by its options, or by the lines of a file of appointments."""
    for fault, error in zip(refused.faults(option_of), refused.errors, strict=True):
        facts = error.get("facts") or {}
        if file and "line" in facts:
            place = LineOrigin(file.name, facts["line"]).where(facts.get("column", ""))
            yield replace(fault, where=place, message=fault.message.removeprefix(f"Line {facts['line']}: "))
        else:
            yield fault


def weekly_hours(file: Path, hospital: str | None, *, as_json: bool) -> tuple[str, Json]:
    """The hospital and the weekly hours that a file of hours holds (`slotwise import --template hours`).

    Raises
    ------
    Stop
        where it has faults, names other hospitals, or has dates: those are no weekly hours.

    """
    from cli.files.reading import read_files, told  # noqa: PLC0415  # only this one option reads such files
    from models.files.checking import Unreadable  # noqa: PLC0415
    from models.files.kinds import Kind  # noqa: PLC0415

    try:
        rows = read_files([file], Kind.HOURS).bundle.hours
    except Unreadable as unreadable:
        raise refuse(file.name, told(unreadable.faults), as_json=as_json, code=Exit.USAGE) from None
    chosen = [row for row in rows if hospital in (None, row.hospital)]
    names = ", ".join(sorted({row.hospital for row in rows})) or "none"
    if len(chosen) != 1:
        which = f"{hospital} is not among them" if hospital else "say which with --hospital"
        raise Stop(f"{file.name} has the hours of these hospitals: {names}; {which}.", Exit.USAGE)
    row = chosen[0]
    if row.exceptions or row.operating_hours is None:
        raise Stop(f"{file.name} has dates for {row.hospital}; only lines of weekdays are weekly hours.", Exit.USAGE)
    return row.hospital, row.model_dump(mode="json")["operating_hours"]


def _instants(api: Api, wanted: Wanted, hospital: str | None, *, as_json: bool) -> dict[str, str | None]:
    """The instants that were typed, by their options."""
    texts = {"--from": wanted.start, "--until": wanted.end, "--latest": wanted.latest}
    times: dict[str, Typed] = {}
    found: dict[str, str | None] = dict.fromkeys(texts)
    faults = []
    for option, text in texts.items():
        try:
            times |= {option: typed(text)} if text else {}
        except NoInstant as no:
            faults.append(FaultLine(option, text, f"{no}."))
    by_clock = not all(map(has_offset, times.values()))
    hospitals, unknown = _hospitals(api, hospital, wanted.doctors) if by_clock else ({}, [])
    faults += unknown
    for option, time in times.items():
        try:
            found[option] = instant(time, hospitals, ends=option != "--from").isoformat()
        except NoInstant as no:
            # Whose clock it would be by is not known where they are not.
            faults += [] if unknown else [FaultLine(option, texts[option], f"{no}.")]
    if faults:
        raise refuse("The command", faults, as_json=as_json, code=Exit.USAGE)
    return found


def _hospitals(api: Api, hospital: str | None, doctors: Sequence[str]) -> tuple[Hospitals, list[FaultLine]]:
    """The hospitals by whose clock times can be meant: the named one, or where the doctors are; and who is unknown."""
    named: dict[str, str] = {}
    faults: list[FaultLine] = []
    if hospital:
        try:
            found = api.get(f"/hospitals/{quote(hospital, safe='')}")
            named = {found["name"]: found["timezone"]}
        except ApiRefused as refused:
            faults.append(FaultLine("--hospital", hospital, refused.detail))
    try:
        where = dict(_where_they_are(api, doctors)) if doctors else {}
    except ApiRefused as refused:
        return {}, faults + refused.faults(lambda _: "--doctor")
    return named or where, faults


def _where_they_are(api: Api, doctors: Sequence[str]) -> Iterator[tuple[str, str]]:
    # Whatever the hospital's date is just now, it is no earlier than this one.
    since = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).date().isoformat()
    for availability in api.items("/availabilities", {"doctor": list(doctors), "from": since}):
        yield availability["hospital"]["name"], availability["hospital"]["timezone"]


def _given(values: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in values.items() if value is not None}


def _listed(fields: set[str] | frozenset[str]) -> str:
    """Fields as the options that people know, in the order of the help."""
    return ", ".join(option for field, option in OPTIONS.items() if field in fields)
