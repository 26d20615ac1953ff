"""Keeping processes running: started in order, restarted when they die, stopped in reverse order."""

import logging
import threading
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from cli.embedded.keeper import Keeper, Process
from cli.embedded.signals import undisturbed, unwinding

_log = logging.getLogger(__name__)


class Supervisor:
    """Keeps processes running inside a `with` block; leaving the block, for whatever reason, stops them.

    Inside the block SIGTERM and SIGHUP raise KeyboardInterrupt as Ctrl-C does; none of the three reaches the
    processes. What they write goes to `<log_folder>/<name>.log`.
    """

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._keepers: list[Keeper] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(unwinding())
        self._stack.callback(self.stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start(self, process: Process) -> None:
        """Start a process and wait until it is ready; from then on it is restarted whenever it dies.

        Raises
        ------
        ProcessFailed
            when it ends, or is not ready in time, at each of its attempts.
        """
        keeper = Keeper(process, self._log_folder)
        self._keepers.append(keeper)
        keeper.start()

    def pid(self, name: str) -> int | None:
        """The process id under which a process runs now; None while it is down.

        Raises
        ------
        KeyError
            when no process of that name was started.
        """
        return {keeper.process.name: keeper.pid for keeper in self._keepers}[name]

    def wait(self) -> None:
        """Wait until a signal (Ctrl-C, SIGTERM, SIGHUP) asks this process to end."""
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            _log.info("asked to end: stopping all processes")

    def stop(self) -> None:
        """Stop every process, the last started first. Signals are held off until all are gone."""
        with undisturbed():
            while self._keepers:
                self._keepers.pop().stop()
