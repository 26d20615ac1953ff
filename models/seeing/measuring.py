"""What processes count and time, in files that all processes of one machine (or container) share, so that any of them
can tell of all.

Where METRICS_FOLDER is not set, each process counts for itself alone. It is read from the environment when this module
is imported, since a metric knows from the moment it is made where it counts.

Each process takes the lowest seat that nobody holds, and counts on in the files of whoever sat there before: so a
counter never goes backwards when a process dies, and there are never more files than there were processes at once.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO

import structlog
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    start_http_server,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

__all__ = ["Counted", "Counter", "Gauge", "Histogram"]

_SIZES = {
    "counter": 1 << 17,
    "histogram": 1 << 20,
    "gauge_livesum": 1 << 16,
    "gauge_livemax": 1 << 16,
    "gauge_max": 1 << 16,
}
"""The bytes that each of a seat's files is given at once. What is mapped into memory has to be on the disk already: a
page that a full disk has no room for would kill whoever writes it."""

_log = structlog.get_logger("slotwise.metrics")


class Seats:
    """The numbers by which the processes that share a folder tell their files apart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pid = 0
        self._number = 0
        self._lock: IO[bytes] | None = None

    def mine(self) -> int:
        """The seat of this process, taken when it is first asked for: after a fork, the child takes another."""
        if self._pid != os.getpid():
            try:
                self._take()
            except OSError as error:  # to count is never a reason not to work
                _log.warning("metrics not kept", folder=str(self.folder), reason=error.strerror, remedy="make room")
                self.folder = Path(tempfile.mkdtemp(prefix="slotwise-metrics-"))
                self._take()
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self.folder)
            self._pid = os.getpid()
        return self._number

    def leave_no_ghosts(self) -> None:
        """Remove what says what dead processes are doing just now."""
        for file in self.folder.glob("*.lock"):
            with suppress(BlockingIOError), _locked(file):
                self._forget_life(int(file.stem))

    def _take(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for number in count():
            with suppress(BlockingIOError):
                lock = _locked(self.folder / f"{number}.lock")
                break
        self._forget_life(number)
        for kind, size in _SIZES.items():
            self._make_room(self.folder / f"{kind}_{number}.db", size)
        if self._lock:
            self._lock.close()  # the parent's, which goes on holding it
        self._number, self._lock = number, lock

    def _forget_life(self, number: int) -> None:
        for file in self.folder.glob(f"gauge_live*_{number}.db"):
            file.unlink(missing_ok=True)

    def _make_room(self, file: Path, size: int) -> None:
        if file.exists():
            return
        handle, name = tempfile.mkstemp(dir=self.folder)
        os.close(handle)
        made = Path(name)
        try:
            made.write_bytes(bytes(size))
            made.rename(file)  # whoever reads meanwhile finds it whole
        finally:
            made.unlink(missing_ok=True)


class Counted(Collector):
    """What has been counted so far, by every process that shares our folder."""

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: it is all in files."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The metrics, read anew."""
        if _seats is None:
            return REGISTRY.collect()
        _seats.leave_no_ghosts()
        of_all = MultiProcessCollector(None, str(_seats.folder))  # type: ignore[no-untyped-call]
        return list(of_all.collect())  # type: ignore[no-untyped-call]


def tell(host: str, port: int | None, *collectors: Collector) -> None:
    """Let whoever reaches a port read what is collected; None: nobody. Where it is taken, the log says so."""
    if port is None:
        return
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    try:
        start_http_server(port, host, registry)
    except OSError as error:  # to be seen is never a reason not to work
        _log.warning("metrics not told", reason=error.strerror, remedy="give each process a METRICS_PORT of its own")


def _locked(file: Path) -> IO[bytes]:
    """A file, locked for as long as it is open.

    Raises
    ------
    BlockingIOError
        where somebody else has locked it.

    """
    opened = file.open("ab")
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        opened.close()
        raise
    return opened


def _sit_down() -> Seats | None:
    disable_created_metrics()  # type: ignore[no-untyped-call]
    folder = os.environ.get("METRICS_FOLDER")
    if not folder:
        return None
    seats = Seats(Path(folder))
    values.ValueClass = values.MultiProcessValue(seats.mine)  # type: ignore[no-untyped-call]
    return seats


_seats = _sit_down()
