"""A session of a process that kills itself before one of the steps that it does."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.orm import Session

from models.session import make_engine


@contextmanager
def dying_before(step: int, database_url: str) -> Iterator[tuple[Session, Callable[..., None]]]:
    """A session whose process dies before step number `step` (from 1 on). A statement and a commit are a step each;
    what else is one calls the second.
    """
    engine = make_engine(database_url)
    left = step

    def count_down(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with Session(engine) as session:
        session.connection()  # what is asked of a new connection does not count
        event.listen(engine, "before_cursor_execute", count_down)
        event.listen(engine, "commit", count_down)
        yield session, count_down
