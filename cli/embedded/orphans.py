"""Finding and ending processes that outlived their supervisor.

On Linux a killed supervisor takes its processes along (`spawn`); this is for what needs a moment to end, for what
those processes had started, and for other systems. To be called only by who holds the data folder's lock.
"""

import os
import signal
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own

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
    """End the server that a pid file names, if it is ours: `sign` stands in its command line.

    If the file's pid meanwhile belongs to somebody else, the file is removed: PostgreSQL would take that process for
    its predecessor. If it belongs to nobody, the file stays: PostgreSQL learns from it which shared memory to look at.
    """
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
        process = psutil.Process(pid)
        ours = any(sign in argument for argument in process.cmdline())
    except (OSError, ValueError, psutil.NoSuchProcess):
        return
    if ours:
        _end([process], stop_signal, grace)
    elif process.status() != psutil.STATUS_ZOMBIE:
        pid_file.unlink(missing_ok=True)


def _end(processes: Iterable[psutil.Process], stop_signal: signal.Signals, grace: float) -> None:
    processes = list(processes)
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(stop_signal)
    _, alive = psutil.wait_procs(processes, timeout=grace)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=grace)
