"""The results as tables in the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.catalogue import Instance
from bench.results import Ours, Reached, Result

MB = 10**6


def print_results(results: Sequence[Result], console: Console) -> None:
    """What was measured: times, ratios, stages, and what other ways reached."""
    console.print(times_table(results))
    console.print(stages_table([result.ours for result in results]))
    if any(result.compared for result in results):
        console.print(comparison_table(results))


def catalogue_table(instances: Sequence[Instance]) -> Table:
    """The names of the instances, and which are compared."""
    table = _table("Instances", "name", "compared with other ways")
    for instance in instances:
        table.add_row(instance.name, "yes" if instance.compared else "")
    return table


def times_table(results: Sequence[Result]) -> Table:
    """Ours and the references in seconds, and ratios to the faster reference."""
    table = _table(
        "Seconds, and ratios to the faster of the two references",
        "instance", "candidates", "plan", "before CP-SAT", "decided", "whole", "flow", "JV",
        "before", "decided", "whole",
    )  # fmt: skip
    for result in results:
        ours, references = result.ours, result.references
        times = (ours.before_solver, ours.decided, ours.whole)
        bare = (min(references.flow), min(references.assignment)) if references else (None, None)
        ratios = (result.ratio(seconds) for seconds in times)
        table.add_row(
            ours.name,
            f"{ours.candidates:,}",
            ours.status,
            *(seconds_shown(s) for s in (*times, *bare)),
            *("" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
        )
    return table


def stages_table(measured: Sequence[Ours]) -> Table:
    """The stages of ours, whatever they are called, and what is counted apart."""
    stages = stages_of(measured)
    table = _table("Ours by stages: seconds", "instance", *stages, "verify", "JSON", "refused", "runs", "peak MB")
    for ours in measured:
        table.add_row(
            ours.name,
            *(seconds_shown(ours.stages.get(stage)) for stage in stages),
            seconds_shown(ours.verifying),
            seconds_shown(ours.parsing),
            f"{ours.conflicts:,}",
            str(ours.runs),
            f"{ours.peak / MB:.0f}",
        )
    return table


def comparison_table(results: Sequence[Result]) -> Table:
    """What other ways reached, below ours on the same instance."""
    table = _table("Other ways to plan", "instance", "way", "booked", "moved", "inconvenience", "bound", "seconds")
    for result in results:
        for way in result.ways:
            shown = (*reached_shown(way.reached), bound_shown(way.gap), seconds_shown(way.seconds))
            table.add_row(result.ours.name, way.method, *shown)
    return table


def stages_of(measured: Sequence[Ours]) -> list[str]:
    """The names of all stages: columns first, the closing ones last, the others as they come."""
    found = list(dict.fromkeys(stage for ours in measured for stage in ours.stages))
    order = {"columns": -1, "solve": 1, "explain": 2}
    return sorted(found, key=lambda stage: order.get(stage, 0))


def seconds_shown(seconds: float | None) -> str:
    """Three digits that matter, and no more than milliseconds."""
    return "" if seconds is None else f"{seconds:.3f}" if seconds < 10 else f"{seconds:.1f}"


def reached_shown(reached: Reached | None) -> tuple[str, str, str]:
    """Bookings (urgent + soon + routine), moves and hours of inconvenience."""
    if reached is None:
        return "nothing", "", ""
    return " + ".join(f"{count:,}" for count in reached.booked), f"{reached.moved:,}", f"{reached.inconvenience:,}"


def bound_shown(gap: float | None) -> str:
    """What is proved: that nothing is better, or how far the bound lies above the plan."""
    if gap is None:
        return "none"
    return "proved best" if gap == 0 else f"{gap:.0e} above"


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="left" if name in ("plan", "way") else "right")
    return table
