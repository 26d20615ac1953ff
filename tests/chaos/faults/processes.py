"""Processes that die, hang and come back."""

import signal
import threading
import time
from contextlib import nullcontext, suppress
from random import Random

import psutil

from tests.chaos.faults.database import unanswered_commits
from tests.chaos.faults.fault import fault
from tests.chaos.stage import API, BEAT, LEASE, OURS, TELLER, WORKERS, Stage

_ANSWERED_EARLY = "whoever is answered has their work committed before"
_LATE = "a caller whose answer is late asks again with the same key"
_LEASED = "what a dead run held is queued again when its lease runs out"
_RESTARTED = "the supervisor starts again what dies; nothing is kept in it"


@fault(_LEASED, "leases")
def kill_planner(stage: Stage, random: Random, over: threading.Event) -> str:
    """A process that is planning is killed (SIGKILL)."""
    found = _planning(stage, random)
    _signal(found, signal.SIGKILL)
    return f"process {found.pid}"


@fault(_LEASED, "leases")
def kill_worker(stage: Stage, random: Random, over: threading.Event) -> None:
    """A worker is killed with its whole pool, while it plans if it can be."""
    planner = _planning(stage, random)
    with suppress(psutil.Error):
        _signal(planner.parent() or planner, signal.SIGKILL)


@fault(_LEASED, "leases", lasts=(3, 8))
def kill_workers_again_and_again(stage: Stage, random: Random, over: threading.Event) -> str:
    """Both workers are killed as soon as they are back, again and again."""
    killed = 0
    while not over.wait(0.5):
        for name in WORKERS:
            if pid := stage.pid(name):
                _signal(psutil.Process(pid), signal.SIGKILL)
                killed += 1
    return f"{killed} times"


@fault("a worker that is told to stop finishes what it does, or hands it back; others start", "drain", "restarts")
def stop_workers(stage: Stage, random: Random, over: threading.Event) -> None:
    """Both workers are asked to end (SIGTERM), as an upgrade does, while they plan."""
    _planning(stage, random, seconds=10)
    for name in WORKERS:
        _signal(stage.process(name), signal.SIGTERM)


@fault(_RESTARTED, "restarts")
def kill_beat(stage: Stage, random: Random, over: threading.Event) -> None:
    """Beat is killed."""
    _signal(stage.process(BEAT), signal.SIGKILL)


@fault(_RESTARTED + "; what it was telling is told again", "restarts")
def kill_teller(stage: Stage, random: Random, over: threading.Event) -> None:
    """The worker that tells other systems is killed."""
    _signal(stage.process(TELLER), signal.SIGKILL)


@fault(_ANSWERED_EARLY + ", and whoever is not asks again with the same key", "answers", "keys")
def kill_api(stage: Stage, random: Random, over: threading.Event) -> None:
    """The API is killed in the middle of what it answers, or right after it has committed."""
    process = stage.process(API)
    with unanswered_commits(stage, several=4) if random.random() < 0.7 else nullcontext():
        _signal(process, signal.SIGKILL)


@fault(_LATE, "keys", lasts=(2, 8))
def freeze_api(stage: Stage, random: Random, over: threading.Event) -> None:
    """The API hangs (SIGSTOP) and goes on later."""
    frozen = [stage.process(API)]
    _freeze(frozen, over)


@fault("a run that has lost its lease commits nothing: its fencing token is looked at", "fencing")
def freeze_planner(stage: Stage, random: Random, over: threading.Event) -> str:
    """A process that is planning hangs past its lease and goes on later, when others have planned its requests."""
    found = _planning(stage, random)
    _signal(found, signal.SIGSTOP)
    over_or_past_lease = time.monotonic() + LEASE + 2
    while time.monotonic() < over_or_past_lease:
        time.sleep(0.05)
    _signal(found, signal.SIGCONT)
    return f"process {found.pid} for {LEASE + 2:g} s"


@fault(_ANSWERED_EARLY, "answers")
def kill_postgresql(stage: Stage, random: Random, over: threading.Event) -> None:
    """The database server is killed."""
    _signal(stage.process("postgresql"), signal.SIGKILL)


@fault(_ANSWERED_EARLY, "answers")
def kill_backend(stage: Stage, random: Random, over: threading.Event) -> None:
    """One of the database's processes is killed; it ends all others and recovers."""
    backends = [each for each in stage.process("postgresql").children() if "slotwise_app" in _title(each)]
    if backends:
        _signal(random.choice(backends), signal.SIGKILL)


@fault(_LATE, "keys", lasts=(2, 8))
def freeze_postgresql(stage: Stage, random: Random, over: threading.Event) -> None:
    """The database server hangs, with all its processes, and goes on later."""
    server = stage.process("postgresql")
    _freeze([server, *server.children()], over)


@fault("nothing in Valkey is the only copy of anything: beat rings for what waits", "sweep", lasts=(0, 5))
def kill_valkey(stage: Stage, random: Random, over: threading.Event) -> str:
    """Valkey is killed, and again as soon as it is back."""
    killed = 0
    while not (killed and over.wait(0.1)):
        _signal(stage.process("valkey"), signal.SIGKILL)
        killed += 1
    return f"{killed} times"


@fault("no caller waits for Valkey", "waits", lasts=(2, 12))
def freeze_valkey(stage: Stage, random: Random, over: threading.Event) -> None:
    """Valkey hangs: it accepts and never answers."""
    _freeze([stage.process("valkey")], over)


@fault("all of the above", "leases")
def cut_the_power(stage: Stage, random: Random, over: threading.Event) -> None:
    """Everything is killed at once."""
    names = [*OURS, "postgresql", "valkey"]
    random.shuffle(names)
    for name in names:
        if pid := stage.pid(name):
            _signal(psutil.Process(pid), signal.SIGKILL)


def _planning(stage: Stage, random: Random, seconds: float = 3.0) -> psutil.Process:
    """A process that holds a run just now; any that could plan, where none does within some seconds."""
    deadline = time.monotonic() + seconds
    with suppress(psutil.Error), stage.superuser() as connection:
        while time.monotonic() < deadline:
            found = connection.execute("SELECT worker FROM planning_run WHERE status = 'planning'").fetchall()
            pids = {int(worker.rpartition(":")[2]) for (worker,) in found}
            if alive := sorted(filter(psutil.pid_exists, pids)):
                return psutil.Process(random.choice(alive))
            time.sleep(0.005)
    return random.choice(stage.pool(random.choice(WORKERS)))


def _freeze(processes: list[psutil.Process], over: threading.Event) -> None:
    for each in processes:
        _signal(each, signal.SIGSTOP)
    over.wait()
    for each in processes:
        _signal(each, signal.SIGCONT)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.Error):
        process.send_signal(number)


def _title(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""
