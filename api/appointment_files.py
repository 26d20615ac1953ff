"""A CSV file of appointments that lose their hours: a reschedule for them, or every fault with its line."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

from fastapi import Query
from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy.orm import Session

from api.file_faults import at_line, few_enough, told
from api.sentences import path_of
from models.faults import Fault, Refused, refuse_if
from models.files.columns import Column
from models.files.places import FileFault, Origin, faults_of
from models.files.tabular import Line, decoded, read_lines
from models.inputs import MAX_BATCH, Input, Text
from models.rescheduling.inputs import Policy, RescheduleIn, ScopeIn
from models.rescheduling.jobs import create_reschedule
from models.rescheduling.tables import Cause

COLUMNS = (Column("appointment", "0198c5a0-7d3e-7c1a-9f1e-2b6a54d0e111", "the id of an appointment", required=True),)


class AppointmentLine(Input):
    """One line of the file."""

    appointment: uuid.UUID


class AskedByFile(Policy):
    """What a file is sent with, in the query of the address: the policy, and what JSON has beside it."""

    label: Text | None = Field(None, description="For people")
    dry_run: bool = Field(True, description="False: apply the proposal as soon as it is made")
    what_if: bool = Field(False, description="Only ask: nothing is held, and it cannot be applied")

    @model_validator(mode="after")
    def _asks_or_applies(self) -> Self:
        if self.what_if and not self.dry_run:
            raise PydanticCustomError("what_if_applied", "only asks, which nobody can apply; leave out dry_run")
        return self

    def of(self, appointments: Sequence[uuid.UUID]) -> RescheduleIn:
        """The reschedule that is asked for."""
        return RescheduleIn(
            cause=Cause.APPOINTMENTS,
            label=self.label,
            scope=ScopeIn(appointments=list(appointments)),
            policy=Policy.model_validate({name: getattr(self, name) for name in Policy.model_fields}),
            dry_run=self.dry_run,
            what_if=self.what_if,
        )


FileAsked = Annotated[AskedByFile, Query()]


@dataclass(frozen=True, slots=True)
class AppointmentFile:
    """The appointments that a file names, and the line of each."""

    ids: Sequence[uuid.UUID]
    origins: Sequence[Origin]


def read_appointments(data: bytes) -> AppointmentFile:
    """The appointments that a CSV file names.

    Raises
    ------
    Refused
        with every fault that can be seen without the database; the facts of each are its `line` and `column`.

    """
    text = decoded("file", data)
    lines = [text] if isinstance(text, FileFault) else few_enough(read_lines("file", text, COLUMNS))
    first: dict[uuid.UUID, Origin] = {}
    faults: list[Fault] = []
    for line in lines:
        if isinstance(line, FileFault):
            faults.append(told(line))
            continue
        try:
            id_ = AppointmentLine.model_validate(line.data).appointment
        except ValidationError as error:
            faults += map(told, faults_of(error, line.origin))
        else:
            faults += _twice(id_, line, first)
            first.setdefault(id_, line.origin)
    refuse_if(faults)
    refuse_if(_wrong_size(len(first)))
    return AppointmentFile(list(first), list(first.values()))


def queue_file(session: Session, file: AppointmentFile, asked: RescheduleIn, now: dt.datetime) -> uuid.UUID:
    """Queue a reschedule of the appointments of a file. Ring the bell once the transaction has committed.

    Raises
    ------
    Refused
        as `create_reschedule` does; what is wrong with an appointment is told of its line.

    """
    try:
        return create_reschedule(session, asked, now)
    except Refused as refusal:
        raise Refused(refusal.refusal, [_of_file(fault, file.origins) for fault in refusal.faults]) from None


def csv_template() -> str:
    """A header line and an example."""
    return "".join(f"{text}\r\n" for column in COLUMNS for text in (column.name, column.example))


def documentation() -> dict[str, Any]:  # Any: an OpenAPI object
    """What the OpenAPI operation says of CSV bodies."""
    about = (
        "UTF-8, with a header line. One column, `appointment` (required): the id of an appointment that loses its hour."
        " The cause is `appointments`; label, policy, dry_run and what_if are parameters of the address."
    )
    return {"schema": {"type": "string", "description": about}, "example": csv_template()}


def parameters() -> list[dict[str, Any]]:  # Any: OpenAPI objects
    """What a file is sent with, as the OpenAPI operation says it."""
    fields = AskedByFile.model_json_schema()["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "schema": {key: value for key, value in field.items() if key not in ("title", "description")},
            "description": f"{field['description']}. For CSV bodies only, JSON has it in the body",
        }
        for name, field in fields.items()
    ]


def _twice(id_: uuid.UUID, line: Line, first: Mapping[uuid.UUID, Origin]) -> Iterator[Fault]:
    if id_ in first:
        earlier = first[id_].facts()["line"]
        message = f"is in line {earlier} already; name each appointment once"
        yield told(FileFault("appointment_twice", line.origin, "appointment", str(id_), message))


def _wrong_size(count: int) -> Iterator[Fault]:
    if not count:
        message = "The file names no appointments; add a line for each below the line that names the column."
        yield Fault("too_short", "", None, message)
    if count > MAX_BATCH:
        message = (
            f"The file names {count:,} appointments, and one job takes {MAX_BATCH:,}; divide it into several files."
        )
        yield Fault("too_many", "", None, message)


def _of_file(fault: Fault, origins: Sequence[Origin]) -> Fault:
    """A fault of the scope, told of the line that the appointment came from, or of the whole file."""
    match path_of(fault.field):
        case ["scope", "appointments", int(place)]:
            return at_line(replace(fault, field="appointment"), origins[place])
        case _:
            return replace(fault, field="")
