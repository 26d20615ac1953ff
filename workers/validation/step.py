"""The steps of a validation: what each one looks for, and how it is carried out piece by piece."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.booking import JsonObject
from models.session import transaction
from models.settings import Settings
from models.validation.codes import Code
from models.validation.found import Found
from workers.keeping import Clock


@dataclass(frozen=True, slots=True)
class Scope:
    """What is validated: one hospital's schedule, or (None) everything, as of the instant `since`.

    What ended before is not looked at. `clock` tells the present instant, for what is planned anew.
    """

    report: UUID
    hospital: UUID | None
    since: datetime
    chosen: Settings
    clock: Clock


def no_more(_session: Session) -> None:
    """Write nothing besides the findings."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of a step: what it found and how many rows it looked at.

    The findings are written in one transaction with `after`, from which the step goes on where it is interrupted here
    (None: this was the last piece), and with whatever `write` writes.
    """

    found: Sequence[Found] = ()
    rows: int = 0
    after: JsonObject | None = None
    write: Callable[[Session], None] = no_more


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a validation does.

    `name` is what people read while it is carried out. `codes` are all that it can find. `rows` tells, about, how many
    rows it will look at. `carry_out` goes on after the position it is given (None: begins), and may take up to about
    two seconds for each slice, so that progress is seen and little is done again. It reads by `reading`.
    """

    name: str
    codes: frozenset[Code]
    rows: Callable[[Session, Scope], int]
    carry_out: Callable[[Scope, JsonObject | None], Iterator[Slice]]


@contextmanager
def reading() -> Iterator[Session]:
    """A transaction that only reads, all tables as of one moment."""
    with transaction() as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield session


def by_slices(
    look: Callable[[Session, Scope, JsonObject | None], Slice],
) -> Callable[[Scope, JsonObject | None], Iterator[Slice]]:
    """Carry out a step in slices that each need one short transaction."""

    def carry_out(scope: Scope, after: JsonObject | None) -> Iterator[Slice]:
        while True:
            with reading() as session:
                piece = look(session, scope, after)
            yield piece
            if piece.after is None:
                return
            after = piece.after

    return carry_out
