"""What was measured, in the terminal, in docs/load.md (the words of bench/load/load.md) and as its picture."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from bench.load.measure import OVERLOAD, RISING, Load, Remembering
from bench.load.stand import SIZE, Seconds
from bench.machine import machine
from bench.plot import STYLE

ROOT = Path(__file__).resolve().parents[2]
PAGE, PICTURE = ROOT / "docs" / "load.md", ROOT / "docs" / "load.svg"
WORDS = Path(__file__).with_name("load.md")
MB = 1e6
PARTS = ("api", "workers", "beat", "postgresql", "valkey")

Rows = Sequence[tuple[str, ...]]
"""Of a table, the names of its columns first."""


def show(load: Load, console: Console) -> None:
    """Print the tables."""
    for title, rows in _tables(load).items():
        table = Table(title=title.capitalize(), title_justify="left")
        for number, name in enumerate(rows[0]):
            table.add_column(name, justify="right" if number else "left")
        for row in rows[1:]:
            table.add_row(*row)
        console.print(table)


def write(load: Load) -> None:
    """Write the page and its picture."""
    here = machine()
    PAGE.write_text(
        Template(WORDS.read_text(encoding="utf-8")).substitute(
            cores=here.cores,
            processor=here.processor,
            overload=f"{OVERLOAD:,.0f}",
            bare=f"{load.accepting.bare:,.0f}",
            rising=RISING,
            doctors=SIZE.doctors,
            hospitals=SIZE.hospitals,
            patients=f"{SIZE.patients:,}",
            requests=f"{load.remembering.requests:,}",
            minutes=f"{load.remembering.seconds / 60:.1f}",
            **{name: _markdown(rows) for name, rows in _tables(load).items()},
        ),
        encoding="utf-8",
    )
    _draw(load)


def _tables(load: Load) -> dict[str, Rows]:
    return {
        "accepting": tuple(_accepting(load)),
        "deciding": tuple(_deciding(load)),
        "scaling": tuple(_scaling(load)),
        "remembering": tuple(_remembering(load.remembering)),
    }


def _accepting(load: Load) -> Iterator[tuple[str, ...]]:
    bare = load.accepting.bare
    yield "arrivals a second", "accepted a second", "ratio to the bare insert", "p50 (s)", "p95 (s)", "put off, p95 (s)"
    for each in load.accepting.offered:
        seconds = each.called.seconds
        took, refused = seconds["POST /booking-requests"], seconds.get("put off")
        ratio = f"{each.accepted / bare:.2f}"
        told = _short(took.p50), _short(took.p95), _short(refused.p95) if refused else "none"
        yield f"{each.rate:,.0f}", f"{each.accepted:,.0f}", ratio, *told


def _deciding(load: Load) -> Iterator[tuple[str, ...]]:
    yield "", "arrivals a second", "what", "times", "p50 (s)", "p95 (s)", "p99 (s)", "most (s)"
    for each in load.deciding:
        for name in ("POST /booking-requests", "decided", "seen as decided", "GET /schedule"):
            if found := each.called.seconds.get(name):
                yield each.name, f"{each.rate:g}", name, f"{found.count:,}", *_seconds(found)


def _seconds(found: Seconds) -> tuple[str, ...]:
    return tuple(_short(each) for each in (found.p50, found.p95, found.p99, found.most))


def _short(seconds: float) -> str:
    return f"{seconds:.2g}" if seconds < 10 else f"{seconds:.0f}"


def _scaling(load: Load) -> Iterator[tuple[str, ...]]:
    yield "worker processes", "decided a second", "seconds", "ratio to one"
    for each in load.scaling:
        ratio = each.decided / load.scaling[0].decided
        yield str(each.workers), f"{each.decided:,.0f}", f"{each.seconds:.1f}", f"{ratio:.2f}"


def _remembering(found: Remembering) -> Iterator[tuple[str, ...]]:
    yield "", "at first (MB)", "half-way (MB)", "in the end (MB)", "at most (MB)"
    for part in PARTS:
        series = [sample.get(part, 0) / MB for _, sample in found.samples]
        yield part, *(f"{each:.0f}" for each in (series[0], series[len(series) // 2], series[-1], max(series)))


def _markdown(rows: Rows) -> str:
    names, *others = rows
    lines = [names, tuple("---" if not number else "---:" for number in range(len(names))), *others]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _draw(load: Load) -> None:
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(11, 3.2), layout="constrained")
        accepted, remembered = figure.subplots(1, 2)
        _draw_accepted(accepted, load)
        _draw_memory(remembered, load.remembering)
        figure.savefig(PICTURE, format="svg", metadata={"Date": None, "Creator": None})


def _draw_accepted(axes: Axes, load: Load) -> None:
    offered = load.accepting.offered
    rates = [each.rate for each in offered]
    axes.plot(rates, rates, linestyle=":", color="#999999", label="as many as arrive")
    axes.plot(rates, [each.accepted for each in offered], marker="o", label="accepted a second")
    axes.plot(rates, [each.put_off for each in offered], marker="o", color="#e6550d", label="put off a second")
    axes.set(xscale="log", yscale="symlog", ylim=(0, None), xlabel="arrivals a second", title="more than can be served")
    axes.legend(frameon=False)


def _draw_memory(axes: Axes, found: Remembering) -> None:
    seconds = [second for second, _ in found.samples]
    for part in PARTS:
        axes.plot(seconds, [sample.get(part, 0) / MB for _, sample in found.samples], label=part)
    axes.set(xlabel="seconds", ylabel="MB", ylim=(0, None), title=f"memory over {found.requests:,} requests")
    axes.legend(frameon=False, ncols=3)
