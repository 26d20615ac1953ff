"""docs/performance.svg: seconds against candidates, and the ratio on each instance."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bench.results import References, Result

STYLE = {
    "svg.hashsalt": "slotwise",  # the same numbers give the same bytes
    "svg.fonttype": "none",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
ABOVE: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "frameon": False, "columnspacing": 1.0}
"""Where legends stand; matplotlib takes each of them as it is."""
BEFORE, DECIDED, WHOLE, FLOW, ASSIGNMENT = "#9ecae1", "#3182bd", "#08306b", "#e6550d", "#fdae6b"
"""The colours of ours by how much is counted, and of the references."""


def draw(results: Sequence[Result], path: Path) -> None:
    """Write the picture of the `results` that have references."""
    measured = [(result, result.references) for result in results if result.references is not None]
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(11, 1.6 + 0.22 * len(measured)), layout="constrained")
        left, right = figure.subplots(1, 2)
        _seconds(left, measured)
        _ratios(right, measured)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _seconds(axes: Axes, measured: Sequence[tuple[Result, References]]) -> None:
    candidates = [result.ours.candidates for result, _ in measured]
    series = (
        ("SimpleMinCostFlow alone", "s", FLOW, [min(r.flow) for _, r in measured]),
        ("sparse Jonker-Volgenant alone", "D", ASSIGNMENT, [min(r.assignment) for _, r in measured]),
        ("ours, decided by CP-SAT", "o", DECIDED, [result.ours.decided for result, _ in measured]),
        ("ours, explained and verified", "o", WHOLE, [result.ours.whole for result, _ in measured]),
    )
    for label, marker, colour, seconds in series:
        axes.scatter(candidates, seconds, s=22, marker=marker, color=colour, label=label, alpha=0.85, linewidths=0)
    axes.set(xscale="log", yscale="log", xlabel="candidates", ylabel="seconds")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(alpha=0.3)
    axes.legend(**ABOVE, ncols=2)


def _ratios(axes: Axes, measured: Sequence[tuple[Result, References]]) -> None:
    places = range(len(measured))
    series = (
        ("before CP-SAT", BEFORE, [result.ours.before_solver / r.seconds for result, r in measured]),
        ("decided by CP-SAT", DECIDED, [result.ours.decided / r.seconds for result, r in measured]),
        ("explained and verified", WHOLE, [result.ours.whole / r.seconds for result, r in measured]),
    )
    axes.hlines(places, series[0][2], series[2][2], color="#cccccc", linewidth=1, zorder=0)
    for label, colour, ratios in series:
        axes.scatter(ratios, places, s=22, color=colour, label=label, linewidths=0)
    axes.axvline(1, color="#888888", linewidth=1)
    axes.set(xscale="log", xlabel="ours over the faster reference")
    wide = max(series[2][2]) > 100
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(places, [result.ours.name for result, _ in measured])
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    axes.legend(**ABOVE, ncols=3)
