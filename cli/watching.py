"""`slotwise status --watch`: look again and again. A picture for people, a line a look for whatever else reads it."""

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, Queue

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from cli.looking import Look
from cli.output import answers, table
from cli.status import told_alarms, told_messages, told_pace, told_queue, told_runs, told_schema
from models.seeing.alarms import lasting
from models.seeing.figures import Figures

_BARS = "▁▂▃▄▅▆▇█"
_LOOKS = 60
_REFRESH = 0.5
"""Seconds after which people see at the latest that a look takes long."""


def watch(look: Callable[[], Look], every: float, *, as_json: bool) -> None:
    """Look every so many seconds until Ctrl-C, whatever is away meanwhile."""
    try:
        if as_json or not sys.stdout.isatty():
            _write_lines(look, every, as_json=as_json)
        else:
            _draw(look, every)
    except KeyboardInterrupt:
        pass  # that is how it ends


def _write_lines(look: Callable[[], Look], every: float, *, as_json: bool) -> None:
    while True:
        began = time.monotonic()
        seen = look()
        sys.stdout.write((json.dumps(seen.as_json, default=str) if as_json else line(seen)) + "\n")
        sys.stdout.flush()
        time.sleep(max(began + every - time.monotonic(), 0))


def _draw(look: Callable[[], Look], every: float) -> None:
    looks: Queue[Look | Exception] = Queue()

    def keep_looking() -> None:
        try:
            while True:
                began = time.monotonic()
                looks.put(look())
                time.sleep(max(began + every - time.monotonic(), 0))
        except Exception as error:  # noqa: BLE001  # raised below
            looks.put(error)

    # A look may hang for seconds; the picture says so meanwhile, and Ctrl-C does not wait for it.
    threading.Thread(target=keep_looking, name="looks", daemon=True).start()
    undecided: deque[int] = deque(maxlen=_LOOKS)
    seen: Look | None = None
    seen_at = time.monotonic()
    with Live(Text("Looking …"), console=answers(), screen=True, auto_refresh=False) as live:
        while True:
            with suppress(Empty):
                found = looks.get(timeout=_REFRESH)
                if isinstance(found, Exception):
                    raise found
                seen, seen_at = found, time.monotonic()
                if seen.figures:
                    undecided.append(seen.figures.undecided)
            if seen:
                live.update(picture(seen, undecided, time.monotonic() - seen_at - every), refresh=True)


def line(seen: Look) -> str:
    """A look in one line."""
    alarms = ", ".join(alarm.name for alarm in seen.alarms) or "none"
    figures = seen.figures
    if figures is None:
        return f"{seen.at:%H:%M:%S}  alarms: {alarms}"
    oldest = f", the oldest for {lasting(figures.oldest)}" if figures.oldest is not None else ""
    pending = sum(each.pending for each in figures.messages.values())
    return (
        f"{seen.at:%H:%M:%S}  {figures.undecided:,} undecided{oldest}; {figures.lately.a_second:g} decided a second; "
        f"{pending:,} messages pending; alarms: {alarms}"
    )


def picture(seen: Look, undecided: Sequence[int], late: float = 0) -> RenderableType:
    """A look as a screen; `undecided`: how many were at the last looks. `late`: how long the next one is overdue."""
    stale = f"[red]no answer for {lasting(late)}[/]" if late > 1 else "Ctrl-C ends"
    parts: list[RenderableType] = [f"[bold]Slotwise[/]  {seen.at:%H:%M:%S} UTC  {stale}", told_schema(seen)]
    silent = [service.name for service in seen.services if not service.answers]
    if silent:
        parts.append(f"[red]No answer from: {', '.join(silent)}.[/]")
    parts += ["", told_alarms(seen.alarms) if seen.alarms else "[green]Nothing wants attention.[/]"]
    if seen.figures:
        parts += ["", *_figures(seen.figures, undecided)]
    return Group(*parts)


def _figures(figures: Figures, undecided: Sequence[int]) -> list[RenderableType]:
    lately = figures.lately
    pictures = table("", "", "most", "now", right=("most", "now"))
    for name, numbers in (
        ("undecided, these looks", undecided),
        ("undecided, the last hour", lately.undecided),
        ("asked a minute", lately.asked),
        ("decided a minute", lately.decided),
    ):
        pictures.add_row(name, f"[cyan]{sparkline(numbers)}[/]", f"{max(numbers, default=0):,}", f"{numbers[-1]:,}")
    return [
        pictures,
        "",
        told_queue(figures),
        f"Decided: {told_pace(figures)}",
        "",
        told_messages(figures),
        "",
        told_runs(figures),
    ]


def sparkline(numbers: Sequence[int]) -> str:
    """A bar for each number, as high as it is of the largest one; 0 has the lowest, and nothing else."""
    most = max(numbers, default=0)
    steps = len(_BARS) - 1
    return "".join(_BARS[-(-number * steps // most) if most else 0] for number in numbers)
