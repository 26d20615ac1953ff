"""`slotwise status`: what wants attention, what runs, what waits, and what became of the rest."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from cli.options import DataOption, JsonOption, examples
from cli.output import Exit, Stop, answers, print_json, print_section, table
from models.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rich.console import RenderableType
    from rich.table import Table

    from cli.looking import Bounds, Look
    from models.seeing.alarms import Alarm
    from models.seeing.figures import Figures, Validated

EXAMPLES = examples("""
    slotwise status                    the instance that runs here
    slotwise status --watch            again every 2 seconds, until Ctrl-C
    slotwise status --watch 10
    slotwise status --data /srv/slotwise
    DATABASE_URL=... slotwise status   any database
    slotwise status --json | jq .figures.waiting.urgent
    slotwise status --watch --json     a line of JSON for each look

    Exit code 1: something wants attention, and is told first with what to do
    (QueueAging, WorkersAway …: docs/operations.md lists them); 3: the database
    does not answer, or nothing runs. `slotwise doctor` finds out why.
    """)

_SECONDS = 2.0
_MOST = 3600.0


def status(
    seconds: Annotated[
        float | None,
        typer.Argument(
            metavar="[SECONDS]", min=0.1, max=_MOST, help="With --watch: between two looks.", show_default="2"
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, also while something is away.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what wants attention, the services, the queue, the decisions and the last planning runs."""
    from cli.instances import use_database  # noqa: PLC0415  # see cli/main.py
    from cli.looking import look  # noqa: PLC0415

    if seconds is not None and not watch:
        raise Stop(f"{seconds:g} is said without --watch; say `slotwise status --watch {seconds:g}`.", Exit.USAGE)
    whose = use_database(data)
    if watch:
        from cli.watching import watch as keep_looking  # noqa: PLC0415

        keep_looking(lambda: look(whose, data), seconds or _SECONDS, as_json=as_json)
        return
    seen = look(whose, data)
    if as_json:
        print_json(seen.as_json)
    else:
        _tell(seen)
    if seen.database:
        raise Stop(f"The database of {whose} does not answer: {seen.database}", Exit.UNREACHABLE)
    if seen.alarms or not seen.figures or not all(service.answers for service in seen.services):
        raise Stop("Something wants attention: see above.")


def _tell(seen: "Look") -> None:
    out = answers()
    if seen.alarms:
        out.print(told_alarms(seen.alarms))
        out.print()
    out.print(told_schema(seen), highlight=False)
    if seen.services:
        rows = table("service", "answers", "where")
        for service in seen.services:
            rows.add_row(service.name, "yes" if service.answers else "[red]no[/]", service.where)
        out.print(rows)
    if seen.figures:
        print_section(out, "Queue", told_queue(seen.figures))
        out.print(f"[bold]Alarms[/]  {told_bounds(seen.bounds)}")
        for line in _told_lines(seen.figures):
            out.print(line)
        print_section(out, "Messages", told_messages(seen.figures))
        _tell_runs(seen.figures)


def told_alarms(alarms: "Iterable[Alarm]") -> "Table":
    """The alarms, each with its remedy below."""
    rows = table("alarm", "what is wrong, and what to do")
    for alarm in alarms:
        style = "bold red" if alarm.severity == "critical" else "bold yellow"
        rows.add_row(f"[{style}]{alarm.name}[/]", f"{escape(alarm.sentence)}\n[dim]{alarm.remedy}[/]")
    return rows


def told_schema(seen: "Look") -> str:
    """Whose database it is, and how its schema stands."""
    from models.migrate import Standing  # noqa: PLC0415  # see cli/main.py

    if seen.schema is None:
        return f"The database of {seen.of} does not answer."
    if seen.schema.standing is not Standing.SAME:
        return f"Database of {seen.of}: {seen.schema.told}"
    return f"Database of {seen.of}: no migration pending."


def told_queue(figures: "Figures") -> "RenderableType":
    """What waits, by priority."""
    waiting = table("priority", "queued", "planning", "oldest", right=("queued", "planning", "oldest"))
    for priority, each in figures.waiting.items():
        waiting.add_row(priority, f"{each.queued:,}", f"{each.planning:,}", _lasting(each.oldest))
    return waiting


def told_bounds(bounds: "Bounds") -> str:
    """From where on the queue is alarming, and whose setting that is."""
    whose = "the workers" if bounds.said_by == "workers" else "this terminal, since no worker says its own"
    age = _lasting(bounds.queue_age_alarm)
    return f"when one has waited {age}, or {bounds.max_queued:,} are undecided: by the settings of {whose}"


def told_pace(figures: "Figures") -> str:
    """How fast is decided, and how long that took those of the last hour."""
    lately = figures.lately
    if lately.half is None or lately.nearly_all is None:
        return "nothing in the last hour"
    within = f"half within {_precise(lately.half)}, 95 % within {_precise(lately.nearly_all)}"
    return f"{sum(lately.decided):,} in the last hour, {within}; {lately.a_second:g} a second in the last minute"


def told_messages(figures: "Figures") -> "Table":
    """The messages, by channel."""
    numbers = ("pending", "oldest", "delivered", "dead")
    rows = table("channel", *numbers, right=numbers)
    for channel, each in figures.messages.items():
        dead = f"[red]{each.dead:,}[/]" if each.dead else "0"
        rows.add_row(channel, f"{each.pending:,}", _lasting(each.oldest), f"{each.delivered:,}", dead)
    return rows


def told_runs(figures: "Figures") -> "Table":
    """The last planning runs."""
    numbers = ("requests", "booked", "conflicts", "requeued", "seconds")
    runs = table("started (UTC)", "status", "plan", *numbers, right=numbers)
    for run in figures.runs:
        counts = (run.requests, run.booked, run.conflicts, run.requeued)
        told = ["" if count is None else f"{count:,}" for count in counts]
        runs.add_row(f"{run.started_at:%d %b %H:%M:%S}", run.status, run.plan or "", *told, f"{run.seconds:.2f}")
    return runs


def _told_lines(figures: "Figures") -> "Iterator[str]":
    if len(figures.shares) > 1:
        shares = (f"{each.undecided:,} {each.hospital or 'at any hospital'}" for each in figures.shares)
        yield f"[bold]By hospital[/]  {', '.join(shares)}"
    yield f"\n[bold]Decided[/]  {_told_counts(figures.decided) or 'nothing yet'}"
    yield f"[bold]Lately[/]  {told_pace(figures)}"
    if figures.conflicts:
        yield f"[bold]Conflicts[/]  {_told_counts(figures.conflicts)}"
    if figures.reschedules:
        yield f"[bold]Reschedules[/]  {_told_counts(figures.reschedules)}"
    yield f"[bold]Validation[/]  {told_validation(figures.validated)}"
    if figures.unsealed.oldest is not None:
        entries = counted(figures.unsealed.entries, "entry", "entries")
        yield f"[bold]Audit[/]  {entries} to be sealed, the oldest {_lasting(figures.unsealed.oldest)} old"
    sizes = (f"{each.name} {_size(each.size)}" for each in figures.tables)
    yield f"[bold]Largest tables[/]  {', '.join(sizes)}"


def _told_counts(counts: "Mapping[str, int]") -> str:
    return ", ".join(f"{number:,} {what}" for what, number in counts.items())


def told_validation(validated: "Validated") -> str:
    """When was validated last, and what that came to."""
    from cli.validate.verdict import told_counts  # noqa: PLC0415  # see cli/main.py

    if validated.last is None:
        return "nothing was validated as yet"
    counts = told_counts(validated.severities, validated.acknowledged)
    style = {"error": "[red]{}[/]", "warning": "[yellow]{}[/]"}.get(validated.worst or "", "{}")
    return f"last {validated.last:%d %b %H:%M} UTC; {style.format(counts)}"


def _tell_runs(figures: "Figures") -> None:
    out = answers()
    if figures.runs:
        print_section(out, "Last planning runs", told_runs(figures))
        for run in figures.runs:
            if run.error:
                out.print(f"{run.started_at:%d %b %H:%M:%S}: {run.error}", markup=False)
    lost = f"{counted(figures.expired_runs, 'run')} expired and {figures.failed_runs:,} failed in the last day."
    out.print(f"\n{lost}")


def _lasting(seconds: float | None) -> str:
    from models.seeing.alarms import lasting  # noqa: PLC0415  # see cli/main.py

    return "" if seconds is None else lasting(seconds)


def _precise(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else _lasting(seconds)


def _size(size: int) -> str:
    from rich.filesize import decimal  # noqa: PLC0415  # see cli/main.py

    return decimal(size)
