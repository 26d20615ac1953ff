"""Readings: whose data somebody was shown. Whatever statement fetches what a patient is called is noted, and what was
noted is written when its transaction ends, so that no route has to think of it and none can forget it.
"""

import datetime as dt
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnClause,
    ColumnElement,
    Result,
    Select,
    Uuid,
    cast,
    event,
    func,
    inspect,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.sql import coercions, roles, visitors

from models.access import acting
from models.people import Patient

AGAIN = dt.timedelta(minutes=10)
"""Somebody who is shown the same patient again within this time, by the same process, is not written again: pages that
keep themselves up to date would write without end."""

REMEMBERED = 100_000
"""How many pairs of somebody and a patient a process remembers at most."""

_INFO = "readings"
_watched: ContextVar[str | None] = ContextVar("reading", default=None)
_shown: dict[tuple[uuid.UUID | str, uuid.UUID], float] = {}


def watch(what: str) -> None:
    """From here on, write what is fetched of patients as shown to whoever acts, by `what`: a route, a command."""
    _watched.set(what)


@contextmanager
def noted(session: Session) -> Iterator[None]:
    """Write at the end of a transaction whose data was fetched in it, where anybody watches (`watch`)."""
    what, who = _watched.get(), acting.actor()
    if what is None or who is None:
        yield
        return
    patients: set[uuid.UUID] = set()
    session.info[_INFO] = patients
    try:
        yield
    finally:
        del session.info[_INFO]
    now, reader = time.monotonic(), who.id or who.name
    new = {each for each in patients if _shown.get((reader, each), -float("inf")) <= now - AGAIN.total_seconds()}
    if new:
        write(session, new, what)
        event.listen(session, "after_commit", lambda _: _remember(reader, new, now), once=True)


def note(session: Session, patients: Iterable[uuid.UUID]) -> None:
    """Note what no statement shows: that a patient was searched for by their id, say."""
    if (noted_so_far := session.info.get(_INFO)) is not None:
        noted_so_far.update(patients)


def write(session: Session, patients: Iterable[uuid.UUID], what: str) -> None:
    """Write that patients' data was shown to whoever acts."""
    told = literal({"by": what}, JSONB)
    session.execute(select(func.audit_read(cast(sorted(patients), ARRAY(Uuid)), told)))


def _remember(reader: uuid.UUID | str, patients: Iterable[uuid.UUID], now: float) -> None:
    if len(_shown) > REMEMBERED:
        _shown.clear()
    _shown.update({(reader, each): now for each in patients})


@event.listens_for(Session, "do_orm_execute")
def _note_patients(statement: ORMExecuteState) -> Result[Any] | None:  # Any: rows of any kind
    """Have a statement that fetches what patients are called fetch their ids too, and note those."""
    patients = statement.session.info.get(_INFO)
    if patients is None or not statement.is_select or statement.is_column_load:
        return None
    fetching: Select[Any] = statement.statement  # type: ignore[assignment]  # `is_select` says so
    columns = [each["expr"] for each in fetching.column_descriptions]
    whole = [place for place, each in enumerate(columns) if _is_patient(each)]
    ids = list({id_: None for each in columns if not _is_entity(each) for id_ in _ids_of_words(each)})
    if not whole and not ids:
        return None
    fetched = statement.invoke_statement(statement=fetching.add_columns(*ids)).freeze()
    for row in fetched():
        patients.update(row[place].id for place in whole if row[place] is not None)
        patients.update(id_ for id_ in row[len(columns) :] if id_ is not None)
    return fetched().columns(*range(len(columns))) if ids else fetched()


def _is_entity(expression: Any) -> bool:  # Any: what SQLAlchemy lets be selected
    inspected = inspect(expression, raiseerr=False)
    return bool(getattr(inspected, "is_mapper", False) or getattr(inspected, "is_aliased_class", False))


def _is_patient(expression: Any) -> bool:  # Any: as above
    return _is_entity(expression) and inspect(expression).mapper.class_ is Patient


def _ids_of_words(expression: Any) -> Iterator[ColumnElement[Any]]:  # Any: as above
    """The ids of the patients whose words an expression is made of.

    Raises
    ------
    LookupError
        where it is of a subquery that has the words without the ids.

    """
    for part in visitors.iterate(coercions.expect(roles.ColumnsClauseRole, expression)):
        if isinstance(part, ColumnClause) and part.base_columns & _WORD_COLUMNS and part.table is not None:
            id_ = next((each for each in part.table.c if Patient.__table__.c.id in each.base_columns), None)
            if id_ is None:
                raise LookupError(f"{part} tells what patients are called; select their ids beside it")
            yield id_


_WORD_COLUMNS = frozenset(Patient.__table__.c[each] for each in ("name", "external_id", "email"))
