"""A process that applies or undoes a reschedule and kills itself before one of its statements."""

import os
import signal
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from models.rescheduling.applying import apply_reschedule
from models.rescheduling.undoing import undo_reschedule
from models.session import make_engine

WORK = {"apply": apply_reschedule, "undo": undo_reschedule}


def work_until(database_url: str, work: str, job: uuid.UUID, now: datetime, statement: int) -> None:
    """Do the work; die before statement number `statement` (from 1 on), or before the commit that follows the last."""
    engine = make_engine(database_url)
    left = statement

    def count_down(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with Session(engine) as session:
        session.connection()  # what is asked of a new connection does not count
        event.listen(engine, "before_cursor_execute", count_down)
        event.listen(engine, "commit", count_down)
        WORK[work](session, job, None, now)
        session.commit()
