"""Booking requests in a CSV file: queued all or none, every fault told with its line and column.

The columns are those of `slotwise import --columns requests`.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from api.file_faults import at_line, few_enough, told
from models.faults import Fault, Refusal, Refused, refuse_if
from models.files.checking import Unreadable, checked
from models.files.columns import COLUMNS, template
from models.files.kinds import Kind
from models.files.places import FileFault, Origin
from models.files.tabular import decoded, read_table
from models.inputs import MAX_BATCH, BookingRequestIn
from models.requests import Admit, create_batch, queue_requests


@dataclass(frozen=True, slots=True)
class RequestFile:
    """The requests of a file, and the line that each came from."""

    requests: Sequence[BookingRequestIn]
    origins: Sequence[Origin]


def read_requests(data: bytes) -> RequestFile:
    """The requests that a CSV file holds.

    Raises
    ------
    Refused
        with every fault that can be seen without the database; the facts of each are its `line` and `column`.

    """
    text = decoded("file", data)
    try:
        contents = checked(
            [text] if isinstance(text, FileFault) else few_enough(read_table("file", text, Kind.REQUESTS))
        )
    except Unreadable as unreadable:
        raise Refused(Refusal.INVALID, map(told, unreadable.faults)) from None
    file = RequestFile(contents.bundle.requests, contents.origins[Kind.REQUESTS])
    refuse_if(_wrong_size(len(file.requests)))
    return file


def queue_file(session: Session, file: RequestFile, label: str | None, admit: Admit) -> uuid.UUID:
    """Queue the requests of a file as one batch and return its id. Ring the bell once the transaction has committed.

    Raises
    ------
    Refused
        with everything that the database knows better, by `line` and `column`.

    """
    batch = create_batch(session, len(file.requests), label)
    try:
        queue_requests(session, file.requests, batch, admit=admit)
    except Refused as refusal:
        raise Refused(refusal.refusal, [at_line(fault, file.origins[fault.row]) for fault in refusal.faults]) from None
    return batch


def csv_template() -> str:
    """A header line and an example of a request."""
    return "".join(",".join(cells) + "\r\n" for cells in template(Kind.REQUESTS))


def documentation() -> dict[str, Any]:  # Any: an OpenAPI object
    """What the OpenAPI operation says of CSV bodies."""
    columns = "; ".join(
        f"`{column.name}`{' (required)' if column.required else ''}: {column.about}"
        for column in COLUMNS[Kind.REQUESTS]
    )
    about = (
        "UTF-8, with a header line; cells apart by commas or semicolons, the items of a cell by `|`. Columns, in any"
        f" order: {columns}."
    )
    return {"schema": {"type": "string", "description": about}, "example": csv_template()}


def _wrong_size(count: int) -> Iterator[Fault]:
    if not count:
        message = "The file holds no requests; add a line for each below the line that names the columns."
        yield Fault("too_short", "", None, message)
    if count > MAX_BATCH:
        message = f"The file holds {count:,} requests, and a batch at most {MAX_BATCH:,}; divide it into several files."
        yield Fault("too_many", "", None, message)
