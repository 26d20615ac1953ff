"""What processes write, kept in files that do not grow without end."""

import logging
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

_BYTES_PER_FILE = 5_000_000
_OLD_FILES = 3
_LONGEST_LINE = 65_536  # characters; longer ones are broken
_LINES_REMEMBERED = 20


class ProcessLog:
    """The log file of one process across its restarts: `<name>.log`, and `<name>.log.1` to `.3` for what is older."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.path = folder / f"{name}.log"
        self._closed = False
        self._last: deque[str] = deque(maxlen=_LINES_REMEMBERED)
        self._file = RotatingFileHandler(
            self.path, maxBytes=_BYTES_PER_FILE, backupCount=_OLD_FILES, encoding="utf-8", delay=True
        )

    def follow(self, stream: IO[str]) -> None:
        """Write down a stream's lines until it ends; then close it."""
        with stream:
            for line in iter(lambda: stream.readline(_LONGEST_LINE), ""):
                self.write(line.rstrip("\n"))

    def write(self, line: str) -> None:
        self._last.append(line)
        if not self._closed:  # the handler would open its file again
            self._file.emit(logging.makeLogRecord({"msg": line}))

    def last_lines(self) -> list[str]:
        return list(self._last)

    def close(self) -> None:
        self._closed = True
        self._file.close()
