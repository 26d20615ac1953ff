"""How long a validation takes, against one sequential scan of the same rows, and how much memory.

Every database is built with its rules switched on and validated by the workers' own code in a process of its own.
"""

import logging
import os
import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter

import structlog
from rich.console import Console
from rich.table import Table
from sqlalchemy import select, text

from bench.clock import least
from bench.processes import fresh
from bench.schedules import Size, build
from cli.embedded import EmbeddedServices
from cli.embedded.databases import create_database, drop_database
from cli.embedded.folder import temporary_data_folder
from models.migrate import upgrade
from models.session import engine, transaction
from models.settings import settings
from models.validation.jobs import POLICY, queue_report
from models.validation.tables import ReportStatus, ValidationReport
from workers.validation.run import validate_next
from workers.validation.schedule import SCHEDULE
from workers.validation.steps import STEPS

SIZES = (Size(500, 25, 20), Size(2_500, 50, 40))
"""100,000 and 1,000,000 appointments."""
QUICK_SIZES = (Size(100, 10, 8), Size(250, 20, 8))
PORTION = 10
"""Into how many portions the progress of building is divided."""

SCAN = """
SELECT count(*), bit_xor(uuid_hash(id)), bit_xor(uuid_hash(doctor_id)), bit_xor(uuid_hash(hospital_id)),
    bit_xor(timestamptz_hash(lower(during))), bit_xor(timestamptz_hash(upper(during))) FROM {}
"""


@dataclass(frozen=True, slots=True)
class Validated:
    """One validation: rows looked at and seconds by step, whole seconds, findings, and the process's peak memory."""

    steps: Mapping[str, tuple[int, float]]
    seconds: float
    found: Mapping[str, int]
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A schedule: how long the scan of its rows takes, its rules alone, and everything that a validation does."""

    size: Size
    building: float
    scan: float
    rules: Validated
    everything: Validated | None

    @property
    def seconds(self) -> float:
        """What the rules of the schedule take."""
        return sum(seconds for _, seconds in self.rules.steps.values())

    @property
    def rows(self) -> int:
        """How many rows were looked at for them; appointments by doctor and by patient count twice."""
        return sum(rows for rows, _ in self.rules.steps.values())


def run(console: Console, *, quick: bool, everything: bool) -> None:
    """Measure in a temporary folder and print what came of it; `everything`: all steps, not the rules alone."""
    with temporary_data_folder() as folder, EmbeddedServices(folder, environ={}) as services:
        sizes = QUICK_SIZES if quick else SIZES
        measured = [measure(size, services, console, everything=everything) for size in sizes]
    print_measured(measured, console)


def measure(size: Size, services: EmbeddedServices, console: Console, *, everything: bool) -> Measured:
    """Build a schedule in a database of its own and validate it."""
    name = f"bench_{size.appointments}"
    url = create_database(services.database_url, name)
    try:
        upgrade(url)
        environment = {"DATABASE_URL": url, "REDIS_URL": services.broker_url}
        building = fresh(_built, environment, size, console.width)
        console.print(f"{size.appointments:,} appointments: built in {building:.0f} s; validating …")
        return Measured(
            size,
            building,
            fresh(_scanned, environment),
            fresh(_validated, environment, everything=False),
            fresh(_validated, environment, everything=True) if everything else None,
        )
    finally:
        drop_database(services.database_url, name)


def print_measured(measured: Sequence[Measured], console: Console) -> None:
    """What was measured, as tables."""
    table = _table(
        "The rules of the schedule, and one sequential scan of the appointments and availabilities",
        "appointments", "rows", "seconds", "rows per second", "scan", "ratio", "peak MB",
    )  # fmt: skip
    for each in measured:
        table.add_row(
            f"{each.size.appointments:,}",
            f"{each.rows:,}",
            f"{each.seconds:.2f}",
            f"{each.rows / each.seconds:,.0f}",
            f"{each.scan:.3f}",
            f"{each.seconds / each.scan:.0f}",
            f"{each.rules.peak_bytes / 10**6:.0f}",
        )
    console.print(table)
    whole = [each.everything or each.rules for each in measured]
    steps = _table("Seconds by step", "step", *(f"{each.size.appointments:,}" for each in measured))
    for name in whole[0].steps:
        steps.add_row(name, *(f"{each.steps[name][1]:.2f}" for each in whole))
    steps.add_row("whole report", *(f"{each.seconds:.2f}" for each in whole))
    steps.add_row("peak MB", *(f"{each.peak_bytes / 10**6:.0f}" for each in whole))
    steps.add_row("findings", *(f"{sum(each.found.values()):,}" for each in whole))
    console.print(steps)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _built(environment: Mapping[str, str], size: Size, width: int) -> float:
    os.environ.update(environment)
    console, began = Console(width=width), perf_counter()

    def progress(booked: int) -> None:
        if booked * PORTION % size.appointments == 0:
            console.print(f"{booked:,} of {size.appointments:,} appointments after {perf_counter() - began:.0f} s")

    build(size, datetime.now(UTC), progress)
    return perf_counter() - began


def _scanned(environment: Mapping[str, str]) -> float:
    """The least time of one process that reads every row once, and the same columns."""
    os.environ.update(environment)
    with transaction() as session:
        session.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))
        scans = [text(SCAN.format(table)) for table in ("appointment", "availability")]
        return sum(least(lambda scan=scan: session.execute(scan).all())[0] for scan in scans)  # type: ignore[misc]


def _validated(environment: Mapping[str, str], *, everything: bool) -> Validated:
    os.environ.update(environment)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with transaction() as session:
        report = queue_report(session, None, POLICY, datetime.now(UTC))
    began = perf_counter()
    validate_next(settings(), worker="bench", clock=lambda: datetime.now(UTC), steps=STEPS if everything else SCHEDULE)
    seconds = perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with transaction() as session:
        made = session.scalars(select(ValidationReport).where(ValidationReport.id == report)).one()
    engine().dispose()
    if made.status != ReportStatus.FINISHED or made.unchecked:
        raise RuntimeError(f"the validation is {made.status}, and {made.unchecked} could not be checked")
    steps = {name: (step["rows"], step["seconds"]) for name, step in made.steps.items()}
    return Validated(steps, seconds, made.counts, peak)
