"""Raw rows, checked: every row by itself, and no two under one id. What only the database knows is checked there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from models.files.bundle import MODELS, Bundle, PatientRow, UserRow
from models.files.kinds import Kind
from models.files.places import FileFault, Origin, RawRow, faults_of
from models.inputs import HospitalIn, Input


class Unreadable(Exception):  # noqa: N818  # what the files are
    """The files have faults; these are all that can be seen without a database."""

    def __init__(self, faults: Sequence[FileFault]) -> None:
        self.faults = faults
        super().__init__(f"{len(faults)} faults")


@dataclass(frozen=True, slots=True)
class Contents:
    """What some files hold, and where each row of a kind came from."""

    bundle: Bundle
    origins: Mapping[Kind, Sequence[Origin]]


def checked(raw_rows: Iterable[RawRow | FileFault]) -> Contents:
    """The rows of some files, and the faults that were found while they were taken apart.

    Raises
    ------
    Unreadable
        with every fault there is.

    """
    faults: list[FileFault] = []
    rows: dict[Kind, list[Input]] = {each: [] for each in Kind}
    origins: dict[Kind, list[Origin]] = {each: [] for each in Kind}
    for raw in raw_rows:
        if isinstance(raw, FileFault):
            faults.append(raw)
            continue
        try:
            row = MODELS[raw.kind].model_validate(raw.data)
        except ValidationError as error:
            faults += faults_of(error, raw.origin)
        else:
            rows[raw.kind].append(row)
            origins[raw.kind].append(raw.origin)
    faults += _sent_twice(rows, origins)
    if faults:
        raise Unreadable(faults)
    return Contents(Bundle.of(rows), origins)


def _sent_twice(rows: Mapping[Kind, Sequence[Input]], origins: Mapping[Kind, Sequence[Origin]]) -> Iterator[FileFault]:
    """Rows with the id of an earlier one: they would overwrite each other in silence."""
    for kind, found in rows.items():
        first: dict[str, Origin] = {}
        for row, origin in zip(found, origins[kind], strict=True):
            if not isinstance(row, UserRow | PatientRow | HospitalIn) or row.external_id is None:
                continue
            earlier = first.setdefault(row.external_id, origin)
            if earlier is not origin:
                message = f"is there already: {earlier.where()}. Keep one"
                yield FileFault("named_twice", origin, "external_id", row.external_id, message)
