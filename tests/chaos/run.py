"""One run: the stage is set, the load runs, faults strike, all settles, and the checker is asked."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import psycopg

from cli.health import ready
from tests.chaos.history import History
from tests.chaos.load import Load
from tests.chaos.sabotage import SABOTAGES
from tests.chaos.schedule import Due, Striking, Struck
from tests.chaos.stage import OURS, ROOT, TELLER, Stage, patient, set_up, small_disk
from tests.chaos.world import World
from tests.deliveries.receivers import receiver

_LOOK_EVERY = 4.0  # seconds between two lines about how it goes
_OVERLAP = 2.0  # seconds of load under the last fault

_UNSETTLED = """
    SELECT (SELECT count(*) FROM booking_request WHERE status IN ('queued', 'planning'))
         + (SELECT count(*) FROM reschedule WHERE status IN ('queued', 'planning'))
         + (SELECT count(*) FROM validation_report WHERE status IN ('queued', 'running'))
         + (SELECT count(*) FROM delivery WHERE status = 'pending')
         + (SELECT count(*) FROM outbox_message AS message, delivery_cursor AS cursor
            WHERE (message.transaction_id, message.id) > (cursor.transaction_id, cursor.message_id))
         + (SELECT count(*) FROM audit_unsealed)"""

_TOLD = """
    SELECT message.id, delivery.id::text FROM outbox_message AS message
    LEFT JOIN delivery ON delivery.message_id = message.id AND delivery.channel = 'webhook'
    WHERE message.transaction_id >= (
        SELECT min(first.transaction_id) FROM outbox_message AS first JOIN delivery ON message_id = first.id)"""

_RECOVERED = "SELECT min(decided_at) FROM booking_request WHERE created_at > %s AND planning_run_id IS NOT NULL"

_PROGRESS = """
    SELECT count(*) FILTER (WHERE decided_at IS NOT NULL), count(*) FILTER (WHERE decided_at IS NULL)
    FROM booking_request"""


@dataclass(frozen=True)
class Plan:
    """What is to be tried: for so many seconds, or until a schedule that ends has been carried out and `acknowledged`
    tries of callers were.

    `schedule` is told whether there is a small disk to fill. `last` strikes before the load ends and lasts beyond.
    """

    seed: int
    seconds: float
    schedule: Callable[[bool], Iterable[Due]]
    last: Due | None = None
    acknowledged: int = 0
    sabotage: str | None = None
    clients: int = 8
    pool: int = 2
    settle: float = 90.0  # seconds at most; 0: it is checked as it is
    days: int = 10
    patients: int = 30
    processes: Collection[str] = OURS


@dataclass
class Outcome:
    """What came of a run. `recovery`: seconds from a fault's end until a request queued after it was decided.

    `violations` are the checker's sentences by the rule that is broken.
    """

    struck: list[Struck]
    recovery: list[float | None]
    tries: dict[str, int]
    longest_outage: float
    unsettled: list[str]
    seconds_to_settle: float
    violations: dict[str, list[str]] = field(default_factory=dict)


def carry_out(plan: Plan, folder: Path, say: Callable[[str], None]) -> Outcome:
    """Carry a run out in an empty folder; what it leaves there is its history and the logs."""
    data = folder / "data"
    data.mkdir(mode=0o711)
    with small_disk(data) as disk:
        if plan.last and plan.last.fault.needs_disk and not disk:
            plan = replace(plan, last=None)
        try:
            with (
                receiver() as hook,
                set_up(data, plan.processes, pool=plan.pool, sabotage=plan.sabotage, webhook=hook.url) as stage,
                History(folder / "history.jsonl") as history,
            ):
                say(f"Look on by: slotwise status --watch --data {data}")
                say("Building the world.")
                world = World.build(stage.address, stage.token, days=plan.days, patients=plan.patients)
                if plan.sabotage:
                    _switch_off(stage, plan.sabotage)
                outcome = _run(plan, stage, history, world, plan.schedule(disk), say)
                outcome.violations |= _check(stage, folder)
                if untold := [*_untold(stage, set(hook.ids))]:
                    outcome.violations["every_event_is_told"] = untold
                return outcome
        finally:
            if disk:  # it goes with the mount
                shutil.copytree(data / "logs", folder / "logs", dirs_exist_ok=True)


def _switch_off(stage: Stage, name: str) -> None:
    sabotage = SABOTAGES[name]
    with stage.superuser() as connection:
        for statement in sabotage.statements:
            connection.execute(statement)
    if sabotage.supervisor:
        stage.leave_the_dead()


def _run(
    plan: Plan,
    stage: Stage,
    history: History,
    world: World,
    schedule: Iterable[Due],
    say: Callable[[str], None],
) -> Outcome:
    without = SABOTAGES[plan.sabotage].without if plan.sabotage else ()
    with Load(stage.address, stage.token, world, plan.seed, history, clients=plan.clients, without=without) as load:

        def acknowledged() -> int:
            return load.tally.counts["acknowledged"]

        striking = Striking(stage, acknowledged, history.remark)
        say(f"{plan.clients} clients.")
        began = time.monotonic()
        striking.begin(schedule)
        while (left := began + plan.seconds - time.monotonic()) > 0:
            if striking.is_over and acknowledged() >= plan.acknowledged:
                break
            time.sleep(min(_LOOK_EVERY, left))
            say(_progress(stage, load, striking, time.monotonic() - began))
        if plan.last:
            striking.strike(plan.last)
            time.sleep(_OVERLAP)
        load.stop()
        striking.end()
        say("All faults are over; waiting until everything is decided.")
        ended = time.monotonic()
        unsettled = _settle(plan, stage, load) if plan.settle else []
        took = time.monotonic() - ended
        tally = load.tally
        return Outcome(
            struck=striking.struck,
            recovery=_recovery(stage, striking.struck),
            tries=tally.counts,
            longest_outage=tally.outage,
            unsettled=unsettled,
            seconds_to_settle=took,
        )


def _progress(stage: Stage, load: Load, striking: Striking, seconds: float) -> str:
    counts = load.tally.counts
    answered = (
        f"acknowledged {counts['acknowledged']}, unavailable {counts['unavailable']}, unknown {counts['unknown']}"
    )
    broken = ", ".join(striking.now) or "nothing is broken"
    try:
        with stage.superuser(patience=0) as connection:
            connection.execute("SET statement_timeout = '1s'")
            decided, waiting = connection.execute(_PROGRESS).fetchone()
            requests = f"requests decided {decided}, waiting {waiting}"
    except psycopg.Error:
        requests = "the database is away"
    return f"{seconds:5.0f} s  {answered}; {requests} | {broken}"


def _settle(plan: Plan, stage: Stage, load: Load) -> list[str]:
    """Wait until all is up and done. Returns what is not, once the plan's time has passed and nothing was done in it.

    With a guard switched off much may stay open for good: then callers do not ask for all of it, and all has that time.
    """
    try:
        patient(lambda: ready(stage.address), plan.settle)
    except TimeoutError:
        return ["the API is not ready"]
    left = [] if plan.sabotage else load.settle(plan.settle)
    deadline, fewest = time.monotonic() + plan.settle, sys.maxsize
    with stage.superuser() as connection:
        while unsettled := connection.execute(_UNSETTLED).fetchone()[0]:
            if unsettled < fewest and not plan.sabotage:
                deadline, fewest = time.monotonic() + plan.settle, unsettled
            if time.monotonic() > deadline:
                return [*left, f"{unsettled} requests, jobs, messages or entries of the audit wait"]
            time.sleep(0.2)
    return left


def _check(stage: Stage, folder: Path) -> dict[str, list[str]]:
    """What the checker, a process of its own that knows nothing of the product, complains about."""
    argv = [sys.executable, "-m", "tests.chaos.check", str(folder / "history.jsonl"), stage.database_url, "--json"]
    done = subprocess.run(argv, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 1) or not done.stdout:
        raise RuntimeError(f"the checker could not check: {done.stderr[-2000:]}")
    violations: dict[str, list[str]] = {}
    for each in json.loads(done.stdout):
        violations.setdefault(each["rule"], []).append(each["sentence"])
    return violations


def _untold(stage: Stage, heard: Collection[str]) -> Iterator[str]:
    """The events that whoever is told by webhook has not heard of."""
    if TELLER not in stage.processes:
        return
    with stage.superuser() as connection:
        for message, delivery in connection.execute(_TOLD):
            if delivery not in heard:
                yield f"Event {message} was {'never received' if delivery else 'never handed on'}."


def _recovery(stage: Stage, struck: Sequence[Struck]) -> list[float | None]:
    with stage.superuser() as connection:
        return [_seconds(each.ended, connection.execute(_RECOVERED, [each.ended]).fetchone()[0]) for each in struck]


def _seconds(ended: datetime | None, decided: datetime | None) -> float | None:
    return (decided - ended).total_seconds() if ended and decided else None
