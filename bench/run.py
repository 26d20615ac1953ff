"""One instance after the other, one measurement after the other, each in a process of its own."""

import traceback
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import comparisons, ours, references
from bench.catalogue import Instance
from bench.processes import MeasuringError, fresh
from bench.results import Compared, Result


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure beside ours; limits in seconds."""

    limit: float
    references: bool
    comparisons: bool
    comparison_limit: float


def run(instances: Sequence[Instance], wanted: Wanted, console: Console) -> list[Result]:
    """Measure each instance and say so on `console` as soon as it is done.

    An instance that fails is told and left out, so that a long run is not lost.
    """
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    results = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(instances))
        for instance in instances:

            def doing(what: str, name: str = instance.name) -> None:
                progress.update(task, description=f"{name}: {what}")

            try:
                results.append(measure(instance, wanted, doing))
                progress.console.print(_line(results[-1]))
            except (AssertionError, MeasuringError, BrokenProcessPool):
                progress.console.print(f"{instance.name} failed:\n{traceback.format_exc()}", markup=False)
            progress.advance(task)
    return results


def measure(instance: Instance, wanted: Wanted, doing: Callable[[str], None]) -> Result:
    """Everything wanted of one instance; `doing` hears what is being measured.

    Raises AssertionError where the answers contradict each other, MeasuringError or BrokenProcessPool where one fails.
    """
    doing("planning")
    measured = fresh(ours.measure, instance.name, wanted.limit)
    relaxed = None
    if wanted.references:
        doing("the references")
        relaxed = fresh(references.measure, instance.name)
    compared: list[Compared] = []
    if wanted.comparisons and instance.compared:
        for method in comparisons.methods(measured.candidates):
            doing(method)
            compared.append(_compare(method, instance.name, wanted.comparison_limit))
    result = Result(measured, relaxed, tuple(compared))
    agree(result)
    return result


def agree(result: Result) -> None:
    """Raises AssertionError where what was measured contradicts itself: somebody's answer is wrong then."""
    measured, ours_key = result.ours, result.ours.reached.key
    assert ours_key <= measured.bound.key
    assert result.references is None or ours_key <= result.references.reached.key
    if measured.status == "optimal":
        assert all(other.reached is None or other.reached.key <= ours_key for other in result.compared)


def _compare(method: str, instance: str, limit: float) -> Compared:
    begin = perf_counter()
    try:
        return fresh(comparisons.measure, method, instance, limit)
    except BrokenProcessPool:
        return Compared(method, None, perf_counter() - begin)


def _line(result: Result) -> str:
    measured = result.ours
    ratio = result.ratio(measured.whole)
    versus = "" if ratio is None else f", {ratio:.2f} times the faster reference"
    return f"{measured.name}: {measured.status} in {measured.whole:.3f} s{versus}"
