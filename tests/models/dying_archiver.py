"""A process that archives the oldest part of the audit and kills itself before one of its steps."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from models.audit.archiving import archive_part, check_folder, erase_words
from tests.dying import dying_before


def archive_until(database_url: str, folder: Path, before: datetime, most: int, step: int) -> None:
    """Archive as the command does; die before step number `step` (from 1 on). A statement, a file that is opened or
    gets its name, and a commit are a step each.
    """
    with dying_before(step, database_url) as (session, count_down):

        def watch(happens: str, arguments: tuple[Any, ...]) -> None:
            if happens in {"open", "os.rename"} and str(arguments[0]).startswith(str(folder)):
                count_down()

        sys.addaudithook(watch)
        for part in check_folder(session, folder):
            erase_words(session, part)
        session.commit()
        archive_part(session, folder, before, most)
        session.commit()
