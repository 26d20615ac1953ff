"""`slotwise status`: what runs, what waits, and what became of the rest."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from cli.options import DataOption, JsonOption, examples
from cli.output import Stop, answers, counted, print_json, print_section, table

if TYPE_CHECKING:
    from cli.figures import Figures, Validated
    from cli.health import Service

EXAMPLES = examples("""
    slotwise status                    the instance that runs here
    slotwise status --data /srv/slotwise
    DATABASE_URL=... slotwise status   any database
    slotwise status --json | jq .figures.waiting.urgent

    Exit code 1: something wants attention (migrations pending, a service that
    does not answer); 3: the database does not answer, or nothing runs.
    """)


def status(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show the services, the queue, the decisions and the last planning runs."""
    from cli.health import services  # noqa: PLC0415  # see cli/main.py
    from cli.instances import known_api_address, use_database  # noqa: PLC0415

    whose = use_database(data)
    figures, pending = _figures(whose)
    found = services(known_api_address(data))
    if as_json:
        report = {"of": whose, "services": [asdict(service) for service in found], "pending_migrations": pending}
        print_json(report | {"figures": asdict(figures) if figures else None})
    else:
        _tell(whose, found, pending)
        if figures:
            _tell_figures(figures)
    if pending or not all(service.answers for service in found):
        raise Stop("Something wants attention: see above.")


def _figures(whose: str) -> "tuple[Figures | None, int]":
    """The figures, unless migrations are pending, and how many are."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from cli.database import reached  # noqa: PLC0415
    from cli.figures import pending_migrations, read_figures  # noqa: PLC0415
    from models.settings import settings  # noqa: PLC0415

    with reached(whose) as session:
        pending = pending_migrations(session, settings().database_url)
        return (None if pending else read_figures(session, datetime.now(UTC))), pending


def _tell(whose: str, services: "list[Service]", pending: int) -> None:
    out = answers()
    out.print(f"Database of {whose}: {counted(pending, 'migration') if pending else 'no migration'} pending.")
    if services:
        rows = table("service", "answers", "where")
        for service in services:
            rows.add_row(service.name, "yes" if service.answers else "[red]no[/]", service.where)
        out.print(rows)


def _tell_figures(figures: "Figures") -> None:
    out = answers()
    waiting = table("priority", "queued", "planning", "oldest", right=("queued", "planning", "oldest"))
    for priority, each in figures.waiting.items():
        waiting.add_row(priority, str(each.queued), str(each.planning), _duration(each.oldest))
    print_section(out, "Queue", waiting)
    decided = ", ".join(f"{number:,} {what}" for what, number in figures.decided.items()) or "nothing yet"
    out.print(f"\n[bold]Decided[/]  {decided}")
    if figures.conflicts:
        out.print(
            "[bold]Conflicts[/]  " + ", ".join(f"{number:,} {kind}" for kind, number in figures.conflicts.items())
        )
    if figures.reschedules:
        statuses = ", ".join(f"{number:,} {status}" for status, number in figures.reschedules.items())
        out.print(f"[bold]Reschedules[/]  {statuses}")
    out.print(f"[bold]Validation[/]  {_told_validation(figures.validated)}")
    _tell_messages(figures)
    _tell_runs(figures)


def _told_validation(validated: "Validated") -> str:
    from cli.validate.verdict import told_counts  # noqa: PLC0415  # see cli/main.py

    if validated.last is None:
        return "nothing was validated as yet"
    counts = told_counts(validated.severities, validated.acknowledged)
    style = {"error": "[red]{}[/]", "warning": "[yellow]{}[/]"}.get(validated.worst or "", "{}")
    return f"last {validated.last:%d %b %H:%M} UTC; {style.format(counts)}"


def _tell_messages(figures: "Figures") -> None:
    numbers = ("pending", "oldest", "delivered", "dead")
    rows = table("channel", *numbers, right=numbers)
    for channel, each in figures.messages.items():
        dead = f"[red]{each.dead:,}[/]" if each.dead else "0"
        rows.add_row(channel, f"{each.pending:,}", _duration(each.oldest), f"{each.delivered:,}", dead)
    print_section(answers(), "Messages", rows)


def _tell_runs(figures: "Figures") -> None:
    out = answers()
    numbers = ("requests", "booked", "conflicts", "requeued", "seconds")
    runs = table("started (UTC)", "status", "plan", *numbers, right=numbers)
    for run in figures.runs:
        counts = (run.requests, run.booked, run.conflicts, run.requeued)
        told = ["" if count is None else f"{count:,}" for count in counts]
        runs.add_row(f"{run.started_at:%d %b %H:%M:%S}", run.status, run.plan or "", *told, f"{run.seconds:.2f}")
    if figures.runs:
        print_section(out, "Last planning runs", runs)
        for run in figures.runs:
            if run.error:
                out.print(f"{run.started_at:%d %b %H:%M:%S}: {run.error}", markup=False)
    lost = f"{counted(figures.expired_runs, 'run')} expired and {figures.failed_runs:,} failed in the last day."
    out.print(f"\n{lost}")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
