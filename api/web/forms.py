"""What forms send: text by name in, one of `models.inputs` or the faults by field out."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from pydantic import BaseModel, BeforeValidator, ValidationError

from api import sentences
from api.web import clocks
from api.web.words import t
from models.faults import Fault, Refusal, Refused
from models.inputs import ExactHour

Sent = Mapping[str, list[str]]
"""The values of a form by the names of its fields; what was left empty is not in it."""

Faults = dict[str, list[str]]
"""What is wrong, as sentences, by field; under "" what concerns the whole."""

Model = TypeVar("Model", bound=BaseModel)


Left = BeforeValidator(lambda value: value or None)
"""Of a parameter of an address: forms send what was left empty, too."""


async def _sent(request: Request) -> Sent:
    found: dict[str, list[str]] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str) and value.strip():
            found.setdefault(name, []).append(value.strip())
    return found


SentForm = Annotated[Sent, Depends(_sent)]
"""The form that a request brings, without its files."""


def first(sent: Sent, name: str) -> str | None:
    """The first value of a field; None where it was left empty."""
    return sent[name][0] if name in sent else None


def read(model: type[Model], values: Mapping[str, Any], faults: Faults) -> Model | None:
    """What `values` are as a `model`; None where they have faults, which are added to `faults`."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        for fault in error.errors():
            _, predicate = sentences.shape_fault(fault["type"], fault["msg"], fault.get("ctx", {}))
            field = str(fault["loc"][0]) if fault["loc"] else ""
            add(faults, field, f"{predicate[:1].upper()}{predicate[1:]}.")
        return None


def read_time(sent: Sent, name: str, zone: ZoneInfo, faults: Faults) -> dt.datetime | None:
    """The instant that a `datetime-local` field means by the clocks of `zone`; None where it is empty or has a fault.

    Where clocks go back a time comes twice: the field `<name>_fold` says which is meant, 0 the earlier. Where they go
    forward some times do not exist.
    """
    text = first(sent, name)
    if text is None:
        return None
    try:
        local = dt.datetime.fromisoformat(text).replace(tzinfo=None)
        found = clocks.instants(local, zone)
    except (ValueError, OverflowError):
        add(faults, name, t("common-not-a-time"))
        return None
    if not found:
        add(faults, name, t("common-time-skipped", time=f"{local:%H:%M}", place=clocks.place(zone)))
        return None
    fold = first(sent, f"{name}_fold")
    if len(found) > 1 and fold not in ("0", "1"):
        add(faults, name, t("common-time-twice", time=f"{local:%H:%M}", place=clocks.place(zone)))
        return None
    return found[int(fold)] if len(found) > 1 and fold else found[0]


def read_hour(sent: Sent) -> ExactHour:
    """The hour that a button sends.

    Raises
    ------
    Refused
        where it is none; no button of ours sends that.

    """
    faults: Faults = {}
    values = {name: first(sent, name) for name in ("doctor", "hospital", "start") if name in sent}
    hour = read(ExactHour, values, faults)
    if hour is None:
        raise Refused(Refusal.INVALID, [Fault("invalid_value", name, None, said[0]) for name, said in faults.items()])
    return hour


@dataclass(frozen=True, slots=True)
class TypedTime:
    """What a field for a local time holds. `twice`: clocks show it twice; `fold`: which of the two it is, if said."""

    value: str
    twice: bool
    fold: str

    @classmethod
    def of(cls, value: str, fold: str, zone: ZoneInfo) -> Self:
        """The field with a text in it that may be no time at all."""
        try:
            meant = clocks.instants(dt.datetime.fromisoformat(value).replace(tzinfo=None), zone)
        except (ValueError, OverflowError):
            meant = []
        return cls(value, len(meant) > 1, fold)

    @classmethod
    def at(cls, instant: dt.datetime, zone: ZoneInfo) -> Self:
        """The field for an instant."""
        return cls.of(clocks.as_input(instant, zone), str(instant.astimezone(zone).fold), zone)

    @classmethod
    def as_sent(cls, sent: Sent, name: str, zone: ZoneInfo) -> Self:
        """The field as somebody filled it in."""
        return cls.of(first(sent, name) or "", first(sent, f"{name}_fold") or "", zone)


def of(refused: Iterable[Fault], faults: Faults) -> Faults:
    """`faults` with those of a refusal added, each at the field it is about (`doctors[1]` at `doctors`)."""
    for fault in refused:
        add(faults, fault.field.partition("[")[0], fault.message)
    return faults


def add(faults: Faults, field: str, sentence: str) -> None:
    """Add a fault of a field, unless it is said there already."""
    said = faults.setdefault(field, [])
    if sentence not in said:
        said.append(sentence)
