"""Finding and ending processes that outlived their supervisor.

On Linux a killed supervisor takes its processes along (`spawn`); this is for what needs a moment to end, for what
those processes had started, and for other systems. To be called only by who holds the data folder's lock.
"""

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

_GRACE_OF_THE_KERNEL = 5.0  # seconds that SIGKILL may take
_MARK = "SLOTWISE_SUPERVISED_IN"  # an environment variable: the log folder of the process's supervisor


def marked(env: Mapping[str, str] | None, log_folder: Path) -> dict[str, str]:
    """An environment (None: ours) by which the processes that inherit it can be found."""
    return {**(os.environ if env is None else env), _MARK: str(log_folder.absolute())}


def end_marked(log_folder: Path, grace: float = 5.0) -> None:
    """End every process that a supervisor with this log folder left behind: SIGTERM, after `grace` seconds SIGKILL."""
    wanted = str(log_folder.absolute())
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(_MARK) == wanted:
                found.append(process)
    _end(found, signal.SIGTERM, grace)


def end_recorded(pid_file: Path, sign: str, stop_signal: signal.Signals, grace: float = 10.0) -> None:
    """End the server that a pid file names, if it is ours: `sign` stands in its command line."""
    try:
        process = psutil.Process(int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0]))
        ours = any(sign in argument for argument in process.cmdline())
    except (OSError, ValueError, psutil.NoSuchProcess):
        return
    if ours:
        _end([process], stop_signal, grace)


def kill_titled(title: str) -> None:
    """Kill every process whose title (the command line that it shows) starts so."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if " ".join(process.cmdline()).startswith(title):
                found.append(process)
    _end(found, signal.SIGKILL, _GRACE_OF_THE_KERNEL)


def _end(processes: list[psutil.Process], stop_signal: signal.Signals, grace: float) -> None:
    for sent, patience in ((stop_signal, grace), (signal.SIGKILL, _GRACE_OF_THE_KERNEL)):
        for process in filter(_lives, processes):
            with suppress(psutil.Error):
                process.send_signal(sent)
        deadline = time.monotonic() + patience
        while any(map(_lives, processes)) and time.monotonic() < deadline:
            time.sleep(0.02)


def _lives(process: psutil.Process) -> bool:
    """Whether it still runs. A zombie does not: how soon it is collected is for others to decide."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False
