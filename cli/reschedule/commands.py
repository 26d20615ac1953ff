"""The commands of `slotwise reschedule`, besides `plan`."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import ApiOption, DataOption, JsonOption, examples
from cli.output import answers, print_json
from cli.reschedule import options as o
from cli.reschedule import planning

if TYPE_CHECKING:
    from pathlib import Path

    from cli.client import Api

_LISTED = 20

app = typer.Typer(
    help="Find other hours for the appointments of a doctor who is away or a hospital that closes.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    epilog=examples("""
        slotwise reschedule plan --doctor D-017 --from 2026-12-07 --until 2026-12-09
        slotwise reschedule list
        slotwise reschedule apply ID

        docs/rescheduling.md says what is proposed and what applying it does.
        """),
)
app.command(epilog=planning.EXAMPLES)(planning.plan)


def _examples(command: str, more: str) -> str:
    return examples(f"slotwise reschedule {command} 0199a5c2-7f31-7c3e-9a55-0d5f6a1b2c3d\n\n{more}")


@contextmanager
def _connected(api: str | None, data: "Path | None", id_: str | None, *, as_json: bool) -> "Iterator[Api]":
    """A connection to the API, for something about a reschedule; a refusal ends the command with every reason."""
    from cli.client import ApiRefused  # noqa: PLC0415  # see cli/main.py
    from cli.connecting import connected  # noqa: PLC0415
    from cli.reschedule.job import reasons_told  # noqa: PLC0415

    with connected(api, data) as connection:
        try:
            yield connection
        except ApiRefused as refused:
            raise reasons_told(refused, id_, as_json=as_json) from None


@app.command(
    "list",
    epilog=examples("""
        slotwise reschedule list
        slotwise reschedule list --status proposed --status applied
        slotwise reschedule list --json | jq -r '.[].id'
        """),
)
def list_(
    status: Annotated[list[str] | None, typer.Option(help="Only of this status; repeat it for several.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Not only the newest twenty.")] = False,
    api: ApiOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the reschedules, newest first."""
    from cli.reschedule.job import first_appointment  # noqa: PLC0415  # see cli/main.py
    from cli.reschedule.telling import jobs_table  # noqa: PLC0415

    with _connected(api, data, None, as_json=as_json) as connection:
        found = connection.items("/reschedules", {"status": status or [], "limit": 1000 if every else _LISTED})
        jobs = list(islice(found, None if every else _LISTED))
        if as_json:
            print_json(jobs)
        elif jobs:
            answers().print(jobs_table((each, first_appointment(connection, each)) for each in jobs))
        else:
            answers().print("There are no reschedules.")


@app.command(epilog=_examples("show", "It may be planned, applied or anything else by now."))
def show(
    id_: o.IdArgument,
    every: o.AllOption = False,
    csv: o.CsvOption = None,
    api: ApiOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a reschedule: what it proposes, who is left over, what came of it."""
    from cli.reschedule.job import read  # noqa: PLC0415  # see cli/main.py

    with _connected(api, data, id_, as_json=as_json) as connection:
        planning.tell(connection, read(connection, id_), every=every, csv=csv, as_json=as_json)


_REASONS = "Exit code 1: refused, with every reason; nothing was done."


@app.command(epilog=_examples("apply", _REASONS))
def apply(id_: o.IdArgument, api: ApiOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Apply a proposal: move everybody in it, all or nobody.

    Refused where the schedule has changed since it was made.
    """
    _change(id_, "apply", api, data, as_json=as_json)


@app.command(epilog=_examples("discard", _REASONS))
def discard(id_: o.IdArgument, api: ApiOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Let a proposal be; its appointments are free for another reschedule."""
    _change(id_, "discard", api, data, as_json=as_json)


@app.command(epilog=_examples("undo", _REASONS))
def undo(id_: o.IdArgument, api: ApiOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Put back everything that applying did, while that is still possible."""
    _change(id_, "undo", api, data, as_json=as_json)


@app.command(
    epilog=_examples("again", "It is a job of its own; the old one is discarded where it was not decided yet.")
)
def again(
    id_: o.IdArgument,
    *,
    extra_hours: Annotated[
        int, typer.Option(min=0, metavar="K", help="Add the first K of its extra hours as availabilities before.")
    ] = 0,
    real: Annotated[bool, typer.Option("--real", help="Plan for real what was a question only.")] = False,
    every: o.AllOption = False,
    csv: o.CsvOption = None,
    api: ApiOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plan the same once more, against the schedule as it is now."""
    from cli.reschedule.job import change  # noqa: PLC0415  # see cli/main.py

    with _connected(api, data, id_, as_json=as_json) as connection:
        if extra_hours:
            change(connection, id_, "extra-hours/add", {"count": extra_hours})
        job = planning.followed(
            connection, change(connection, id_, "plan-again", {"what_if": False} if real else {})["id"]
        )
        planning.tell(connection, job, every=every, csv=csv, as_json=as_json)
        if not as_json:
            planning.go_on(connection, job)
    planning.finish(job)


def _change(id_: str, what: str, api: str | None, data: "Path | None", *, as_json: bool) -> None:
    from cli.reschedule.job import change, read  # noqa: PLC0415  # see cli/main.py
    from cli.reschedule.telling import headline, sentences  # noqa: PLC0415

    with _connected(api, data, id_, as_json=as_json) as connection:
        change(connection, id_, what)
        job = read(connection, id_)
    if as_json:
        print_json(job.for_programs)
    else:
        answers().print(headline(job.told, job.appointments), style="bold", markup=False, soft_wrap=True)
        for sentence in sentences(job):
            answers().print(sentence, markup=False, soft_wrap=True)
