"""`slotwise book`: a file of requests into the queue, over HTTP, and what becomes of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import ApiOption, DataOption, JsonOption, examples
from cli.output import Exit, Stop, answers, print_json, refuse
from models.files.kinds import Kind
from models.wording import counted

if TYPE_CHECKING:
    from cli.outcomes import Outcome
    from models.files.places import Origin

EXAMPLES = examples("""
    slotwise import --template requests > requests.csv
    slotwise book requests.csv
    slotwise book requests.csv --no-follow --json
    slotwise book requests.json --api http://127.0.0.1:8000
    slotwise book requests.csv --again

    The columns are those of `slotwise import --columns requests`. The same
    file is queued once, however often the command is run: its second run only
    follows the first (for two days, then it is forgotten). --again queues it
    anew.

    Exit code 0: all are decided, and a conflict is an answer too; 1: refused,
    with every fault and its line, or a request failed; 3: no API answers.
    """)

_CONFLICTS_TOLD = 10


def book(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or JSON; - is standard input.")],
    follow: Annotated[bool, typer.Option(help="Wait until every request is decided.")] = True,
    again: Annotated[bool, typer.Option("--again", help="Queue it anew, though it was queued before.")] = False,
    label: Annotated[
        str | None, typer.Option(help="What the batch is called.", show_default="the name of the file")
    ] = None,
    api: ApiOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Queue booking requests from a file and follow them to the end.

    All of them are queued as one batch, or none where any has a fault.
    """
    from cli import batches  # noqa: PLC0415  # see cli/main.py
    from cli.client import ApiRefused  # noqa: PLC0415
    from cli.connecting import connected  # noqa: PLC0415
    from cli.files.reading import read_files, told  # noqa: PLC0415
    from models.files.checking import Unreadable  # noqa: PLC0415

    name = "standard input" if str(file) == "-" else file.name
    try:
        contents = read_files([file], Kind.REQUESTS)
    except Unreadable as unreadable:
        raise refuse(name, told(unreadable.faults), as_json=as_json) from None
    requests = batches.as_json(contents.bundle.requests)
    if not requests:
        raise Stop(f"{name} holds no requests.")
    with connected(api, data) as connection:
        try:
            batch = batches.queue(connection, requests, label=label or name, again=again)
        except ApiRefused as refused:
            if not refused.errors:
                raise Stop(f"{name}: {refused.detail}") from refused
            where = _places(contents.origins[Kind.REQUESTS])
            raise refuse(name, refused.faults(where), as_json=as_json) from None
        if follow:
            _tell(batch["id"], batches.follow(connection, batch["id"]), as_json=as_json)
        elif as_json:
            print_json(batch)
        else:
            answers().print(f"{counted(len(requests), 'request')} queued as batch {batch['id']}.")


def _places(origins: "Sequence[Origin]") -> Callable[[str], str]:
    """From a path in the body (`requests/3/earliest`) to the place in the file."""

    def where(path: str) -> str:
        steps = path.split("/")
        if len(steps) < 2 or steps[0] != "requests" or not steps[1].isdigit():
            return path
        return origins[int(steps[1])].where(".".join(steps[2:]))

    return where


def _tell(batch: str, outcome: "Outcome", *, as_json: bool) -> None:
    from cli.outcomes import print_conflict, print_tables  # noqa: PLC0415

    if as_json:
        print_json({"batch": batch, **outcome.summary, "outcomes": list(outcome.requests)})
    else:
        answers().print(f"Batch {batch}")
        print_tables(answers(), outcome)
        conflicts = [request for request in outcome.requests if request["conflict"]]
        for request in conflicts[:_CONFLICTS_TOLD]:
            print_conflict(answers(), request, outcome)
        if len(conflicts) > _CONFLICTS_TOLD:
            answers().print(f"\n{len(conflicts) - _CONFLICTS_TOLD} more conflicts: --json tells all of them.")
    if failed := outcome.by_status.get("failed", 0):
        raise Stop(f"{counted(failed, 'request')} failed; `slotwise status` says more.", Exit.REFUSED)
