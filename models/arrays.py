"""Many values in one statement: each column of them is one parameter, however many there are.

A statement takes at most 65,535 parameters, and one with a list of them is planned anew for every length.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, TableValuedAlias, Uuid, any_, column, func, literal
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

Kind = type[TypeEngine[Any]] | TypeEngine[Any]  # Any: whatever a column holds


def among(ids_of: ColumnElement[UUID] | InstrumentedAttribute[UUID], ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Whether a column holds one of `ids`."""
    return ids_of == any_(literal(sorted(ids), ARRAY(Uuid)))


def table_of(name: str, /, **columns: tuple[Kind, Iterable[Any]]) -> TableValuedAlias:
    """Values as rows to join with: every column by its type and its values, all equally many."""
    return (
        func.unnest(*(literal(list(values), ARRAY(kind)) for kind, values in columns.values()))
        .table_valued(*(column(each, kind) for each, (kind, _) in columns.items()))
        .render_derived(name=name)
    )
