"""One reschedule as the API tells of it: asked for, followed, read, changed."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cli.client import Api, ApiRefused, Json
from cli.output import Exit, Stop, notes, print_json
from cli.progress import working

_POLL = 1  # seconds for which the API may hold a poll open
_UNPLANNED = ("queued", "planning")


@dataclass(frozen=True)
class Job:
    """A reschedule and its appointments."""

    told: Json
    appointments: tuple[Json, ...]

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.told["id"])

    @cached_property
    def moves(self) -> list[Json]:
        """The displaced appointments that get another hour, by their old ones."""
        return [each for each in self.appointments if each["displaced"] and each["after"]]

    @cached_property
    def others(self) -> list[Json]:
        """Those that move to make room."""
        return [each for each in self.appointments if not each["displaced"]]

    @cached_property
    def left_over(self) -> list[Json]:
        """The displaced ones that no hour was found for."""
        return [each for each in self.appointments if each["displaced"] and not each["after"]]

    @property
    def for_programs(self) -> Json:
        """All of it as JSON."""
        return {"reschedule": self.told, "appointments": list(self.appointments)}


def read(api: Api, id_: str) -> Job:
    """A reschedule as it is just now."""
    return _with_appointments(api, api.get(_path(id_)))


def follow(api: Api, id_: str, *, give_up: Callable[[], bool] = lambda: False) -> Job:
    """Wait until a reschedule is planned, or until it is time to give up; say what is being done."""
    with working("Waiting for a worker") as tell:
        told = api.get(_path(id_))
        while told["status"] in _UNPLANNED and not give_up():
            tell(f"Planning: {told['stage']}" if told["stage"] else "Waiting for a worker")
            told = api.get(_path(id_), wait=_POLL)
    return _with_appointments(api, told)


def first_appointment(api: Api, told: Json) -> list[Json]:
    """The first appointment of a reschedule where one is needed to know by which clock to tell of it."""
    if told["scope"]["hospital"] or not told["scope"]["start"]:
        return []
    return list(api.get(f"{_path(told['id'])}/appointments", {"limit": 1})["items"])


def ask(api: Api, body: Json, file: Path | None = None) -> Json:
    """Queue a reschedule; with a file of appointments `body` are the parameters that go with it."""
    if file is None:
        return api.post("/reschedules", body, str(uuid.uuid4()))
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Stop(f"{file} cannot be read: {error.strerror}.", Exit.USAGE) from error
    params = {name: str(value).lower() if isinstance(value, bool) else value for name, value in body.items()}
    return api.post_file("/reschedules", content, params, str(uuid.uuid4()))


def change(api: Api, id_: str, what: str, body: Json = None, *, seen: int | None = None) -> Json:
    """Apply a reschedule, discard it, … `seen`: the version that it is meant for."""
    return api.post(f"{_path(id_)}/{what}", body, str(uuid.uuid4()), seen=seen)


def proposal(api: Api, id_: str) -> bytes:
    """The proposal as a CSV file."""
    return api.file(f"{_path(id_)}/proposal.csv")


def reasons_told(refused: ApiRefused, id_: str | None, *, as_json: bool) -> Stop:
    """Tell everything that stands against a change of a reschedule; what it returns is to be raised."""
    if as_json:
        print_json({"faults": refused.errors, "remedy": refused.remedy})
        return Stop(refused.detail)
    if len(refused.errors) > 1:
        for each in refused.errors:
            notes().print(f"- {each['message']}", markup=False, soft_wrap=True)
    if id_ and refused.remedy:
        notes().print(f"To plan it anew: slotwise reschedule again {id_}", soft_wrap=True)
    # The detail repeats the first of several.
    return Stop(refused.detail.partition(" The first: ")[0])


def _with_appointments(api: Api, told: Json) -> Job:
    return Job(told, tuple(api.items(f"{_path(told['id'])}/appointments")))


def _path(id_: str) -> str:
    return f"/reschedules/{id_}"
