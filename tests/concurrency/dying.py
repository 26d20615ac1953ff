"""A process that applies or undoes a reschedule and kills itself before one of its statements."""

import uuid
from datetime import datetime

from models.rescheduling.applying import apply_reschedule
from models.rescheduling.undoing import undo_reschedule
from tests.dying import dying_before

WORK = {"apply": apply_reschedule, "undo": undo_reschedule}


def work_until(database_url: str, work: str, job: uuid.UUID, now: datetime, statement: int) -> None:
    """Do the work; die before statement number `statement` (from 1 on), or before the commit that follows the last."""
    with dying_before(statement, database_url) as (session, _):
        WORK[work](session, job, None, now)
        session.commit()
