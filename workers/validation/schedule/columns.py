"""Rows as columns: read by PostgreSQL's binary COPY straight into numpy, without an object for each value.

Source of the format: PostgreSQL manual, COPY, "Binary Format".
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection
from sqlalchemy.orm import Session

from planner.verify.timelines import Ints

ID, INSTANT, FLAG = "S16", ">i8", "?"
"""The kinds of columns: a UUID, a `timestamptz` or `timestamp`, a boolean. None of them may be NULL."""

Table = NDArray[np.void]
"""A structured array: one entry per row, with the columns as its fields."""

Values = Mapping[str, Any]  # Any: whatever psycopg can send

_HEADER, _TRAILER = 19, 2  # bytes
_EPOCH = 946_684_800_000_000  # 2000-01-01 in microseconds since 1970: instants are counted from there
_FARTHEST = 2**61  # microseconds: far beyond all calendars, and two of them can be added up


def read(session: Session, kinds: Mapping[str, str], query: str, values: Values) -> Table:
    """The rows of a query whose columns have these names and kinds, in this order. `values` are its `%(name)s`."""
    row = _row(kinds)
    data = b"".join(_blocks(session, query, values))
    return np.frombuffer(data[_HEADER:-_TRAILER], row)


def read_by_owner(
    session: Session, kinds: Mapping[str, str], query: str, values: Values, *, owner: str, size: int
) -> Iterator[Table]:
    """The rows of a query that ascend by the column `owner`, some at a time: all of some owners, about `size` rows.

    The session is busy until the last of them is read.
    """
    row = _row(kinds)
    buffer, enough = bytearray(), size * row.itemsize
    skipped = False
    for block in _blocks(session, query, values):
        buffer += block
        if not skipped and len(buffer) >= _HEADER:
            del buffer[:_HEADER]
            skipped = True
        if len(buffer) >= enough:
            whole = np.frombuffer(bytes(buffer[: len(buffer) // row.itemsize * row.itemsize]), row)
            last = int(np.argmax(whole[owner] == whole[owner][-1]))  # the first row of who may have more to come
            if last:
                yield whole[:last]
                del buffer[: last * row.itemsize]
            enough = len(buffer) + size * row.itemsize
    if len(buffer) > _TRAILER:
        yield np.frombuffer(bytes(buffer[:-_TRAILER]), row)


def instants(column: NDArray[np.int64]) -> Ints:
    """Microseconds since 1970. What has no beginning or no end begins and ends far beyond all calendars."""
    clipped: Ints = np.clip(column.astype(np.int64), -_FARTHEST, _FARTHEST)
    return clipped + _EPOCH


def uuids(column: NDArray[np.bytes_]) -> list[UUID]:
    """The values of an ID column."""
    return [UUID(bytes=value.ljust(16, b"\0")) for value in column.tolist()]  # numpy drops zeros at the end


def _blocks(session: Session, query: str, values: Values) -> Iterator[bytes | bytearray | memoryview]:
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, Connection):
        raise TypeError(f"{connection!r} is no connection of psycopg")
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)", values) as rows:
        yield from rows


def _row(kinds: Mapping[str, str]) -> np.dtype[np.void]:
    """A row: the number of its columns in two bytes; each column after its length in four."""
    offsets, at = [], 2
    for kind in kinds.values():
        offsets.append(at + 4)
        at += 4 + np.dtype(kind).itemsize
    return np.dtype({"names": list(kinds), "formats": list(kinds.values()), "offsets": offsets, "itemsize": at})
