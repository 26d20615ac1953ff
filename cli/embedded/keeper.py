"""One process kept running, from a thread that lives exactly as long as the process is wanted."""

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cli.embedded.account import Account
from cli.embedded.errors import ProcessFailed
from cli.embedded.logs import ProcessLog
from cli.embedded.orphans import marked
from cli.embedded.spawn import spawn

_log = logging.getLogger(__name__)

_POLL = 0.02  # seconds between two looks at whether a process is ready
_FIRST_PAUSE = 0.1  # seconds before the first restart, doubled for each further one
_LONGEST_PAUSE = 10.0  # seconds
_SETTLED = 5.0  # seconds after which a process counts as well, so that its next death is its first again
_LAST_WORDS = 0.5  # seconds to wait for the end of what a dead process wrote; what it started may write longer


def _nothing() -> None:
    pass


def _at_once() -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process to keep running.

    `env` is its whole environment (None: ours). `prepare` runs before every start; `ready` says whether it serves.
    `stop_signal` asks it to end, and after `grace` seconds SIGKILL follows; `death_signal` reaches it, on Linux, when
    the supervising process is killed. A first start is given up after `attempts` times, `patience` seconds each.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    account: Account | None = None
    prepare: Callable[[], None] = _nothing
    ready: Callable[[], bool] = _at_once
    attempts: int = 1
    patience: float = 30.0
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace: float = 10.0


class Keeper:
    """Starts a process, restarts it when it dies, and stops it.

    All starts happen in one thread: on Linux a process gets its `death_signal` when the thread that started it ends.
    """

    def __init__(self, process: Process, log_folder: Path) -> None:
        self.process = process
        self._output = ProcessLog(log_folder, process.name)
        self._env = marked(process.env, log_folder)
        self._child: subprocess.Popen[str] | None = None
        self._spawning = threading.Lock()  # no start once stopping
        self._stopping = threading.Event()
        self._first_start_over = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._keep, name=f"keeper of {process.name}", daemon=True)

    @property
    def pid(self) -> int | None:
        """The process id, or None while the process is down."""
        child = self._child
        return child.pid if child and child.poll() is None else None

    def start(self) -> None:
        """Start the process and wait until it is ready.

        Raises
        ------
        ProcessFailed
            when it does not come up.
        """
        self._thread.start()
        self._first_start_over.wait()
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        """Ask the process to end, insist after its grace, and wait until it is gone."""
        with self._spawning:
            self._stopping.set()
        if child := self._child:
            child.send_signal(self.process.stop_signal)
            try:
                child.wait(self.process.grace)
            except subprocess.TimeoutExpired:
                _log.warning("%s did not end within %g s: killed", self.process.name, self.process.grace)
                _kill_group(child)
        if self._thread.is_alive():
            self._thread.join()
        self._output.close()

    def _keep(self) -> None:
        deaths = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                ended = self._live_once()
            except Exception as error:  # noqa: BLE001  # told or raised below, as any other death
                ended = f"could not be started: {error}"
            deaths = 1 if time.monotonic() - began > _SETTLED else deaths + 1
            if not self._first_start_over.is_set() and (deaths >= self.process.attempts or self._stopping.is_set()):
                lines = self._output.last_lines()
                self._failure = ProcessFailed(self.process.name, ended, lines, self._output.path)
                self._first_start_over.set()
                return
            self._pause(ended, deaths)

    def _pause(self, ended: str, deaths: int) -> None:
        if self._stopping.is_set():
            return
        pause = min(_FIRST_PAUSE * 2 ** (deaths - 1), _LONGEST_PAUSE)
        _log.warning("%s %s; restart %d in %g s", self.process.name, ended, deaths, pause)
        self._stopping.wait(pause)

    def _live_once(self) -> str:
        """Start the process, see it ready, and wait until it has ended. Returns how it did."""
        child = self._spawn()
        if child is None:
            return "was stopped before it started"
        reader = threading.Thread(target=self._output.follow, args=(child.stdout,), daemon=True)
        reader.start()
        try:
            if self._becomes_ready(child):
                _log.info("%s is ready (process %d)", self.process.name, child.pid)
                self._first_start_over.set()
            elif child.poll() is None and not self._stopping.is_set():
                _kill_group(child)
                child.wait()
                return f"was not ready within {self.process.patience:g} s"
            code = child.wait()
        finally:
            _kill_group(child)  # what it started dies with it
            child.wait()
            reader.join(_LAST_WORDS)
        return f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"

    def _spawn(self) -> "subprocess.Popen[str] | None":
        self.process.prepare()
        with self._spawning:
            if self._stopping.is_set():
                return None
            wanted = self.process
            self._child = spawn(
                wanted.argv, env=self._env, cwd=wanted.cwd, account=wanted.account, death_signal=wanted.death_signal
            )
            return self._child

    def _becomes_ready(self, child: "subprocess.Popen[str]") -> bool:
        """Wait until the process serves. The first start has a time limit; a restart may take what it needs."""
        deadline = time.monotonic() + self.process.patience
        while not self._stopping.is_set() and child.poll() is None:
            if self.process.ready():
                return True
            if not self._first_start_over.is_set() and time.monotonic() > deadline:
                return False
            self._stopping.wait(_POLL)
        return False


def _kill_group(child: "subprocess.Popen[str]") -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS forbids signals to a group of zombies
        os.killpg(child.pid, signal.SIGKILL)
