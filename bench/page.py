"""docs/performance.md: the words of bench/performance.md, true whatever the numbers are, and the numbers of a run."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template

from bench.clock import REPEAT_SECONDS, REPEATS
from bench.comparisons import HIGHS_CANDIDATES
from bench.references import ONE_WAY
from bench.results import Bench, Result
from bench.tables import MB, bound_shown, reached_shown, seconds_shown, stages_of

WORDS = Path(__file__).with_name("performance.md")


def page(bench: Bench) -> str:
    """The whole page as Markdown."""
    results = bench.results
    machine = bench.machine
    return Template(WORDS.read_text(encoding="utf-8")).substitute(
        cores=machine.cores,
        processor=machine.processor,
        versions=", ".join(f"{name} {version}" for name, version in machine.versions.items()),
        repeats=REPEATS,
        repeat_seconds=f"{REPEAT_SECONDS:g}",
        comparison_limit=f"{bench.comparison_limit:g}",
        one_way=f"{ONE_WAY:,}",
        highs=f"{HIGHS_CANDIDATES:,}",
        optimal=sum(result.ours.status == "optimal" for result in results),
        instances=len(results),
        times=_times(results),
        stages=_stages(results),
        memory=_memory(results),
        others=_others(results),
    )


def _times(results: Sequence[Result]) -> str:
    counted = ("before CP-SAT", "decided", "whole")
    names = ("instance", "candidates", "plan", *counted, "flow", "JV", *(f"{name}, ratio" for name in counted))
    rows = []
    for result in results:
        if (bare := result.references) is None:
            continue
        ours = result.ours
        times = (ours.before_solver, ours.decided, ours.whole)
        rows.append(
            (
                ours.name,
                f"{ours.candidates:,}",
                ours.status,
                *map(seconds_shown, (*times, min(bare.flow), min(bare.assignment))),
                *(f"{seconds / bare.seconds:.2f}" for seconds in times),
            )
        )
    return _table(names, rows)


def _stages(results: Sequence[Result]) -> str:
    measured = [result.ours for result in results]
    stages = stages_of(measured)
    rows = [
        (
            ours.name,
            *(seconds_shown(ours.stages.get(stage)) for stage in stages),
            *map(seconds_shown, (ours.verifying, ours.parsing)),
            f"{ours.conflicts:,}",
            str(ours.runs),
        )
        for ours in measured
    ]
    return _table(("instance", *stages, "verify", "JSON", "refused", "runs"), rows)


def _memory(results: Sequence[Result]) -> str:
    names = ("instance", "requests", "candidates", "MB before", "MB at the peak", "bytes per candidate")
    rows = [
        (
            ours.name,
            f"{ours.requests:,}",
            f"{ours.candidates:,}",
            f"{ours.peak_before / MB:,.0f}",
            f"{ours.peak / MB:,.0f}",
            f"{(ours.peak - ours.peak_before) / ours.candidates:,.0f}",
        )
        for ours in (result.ours for result in results)
    ]
    return _table(names, rows)


def _others(results: Sequence[Result]) -> str:
    names = ("instance", "way", "booked", "moved", "inconvenience", "bound", "seconds")
    rows = []
    for result in results:
        for way in result.ways:
            shown = (*reached_shown(way.reached), bound_shown(way.gap), seconds_shown(way.seconds))
            rows.append((result.ours.name, way.method, *shown))
    return _table(names, rows)


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; what its words say is on the left, numbers on the right."""
    text = ("instance", "plan", "way")
    rule = ["---" if name in text else "---:" for name in names]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (names, rule, *rows))
