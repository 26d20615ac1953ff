"""The commands of `slotwise validate` that do something about a finding: mend it, or let it be."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import ApiOption, DataOption, JsonOption, examples
from cli.output import answers, print_json
from cli.validate.connecting import connected

if TYPE_CHECKING:
    from pathlib import Path

    from cli.client import Json

_ID = "0199a5c2-7f31-7c3e-9a55-0d5f6a1b2c3d"

APPLY_EXAMPLES = examples(f"""
    slotwise validate apply {_ID}

    Exit code 1: refused, with every reason; nothing was done.
    """)
ACKNOWLEDGE_EXAMPLES = examples(f"""
    slotwise validate acknowledge {_ID} --because "The locum starts" --until 2026-12-07

    Until the end of that day it does not count for the exit code of
    `slotwise validate`. It is shown all the same.
    """)
UNACKNOWLEDGE_EXAMPLES = examples(f"slotwise validate unacknowledge {_ID}")

FindingArgument = Annotated[str, typer.Argument(metavar="FINDING", help="Its id, as it is shown below each.")]


def apply(
    finding: FindingArgument, api: ApiOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Apply the remedy of a finding: all of it or nothing."""
    from cli.validate.telling import told_remedy  # noqa: PLC0415  # see cli/main.py

    applied = _change(finding, "apply-remedy", None, api, data, as_json=as_json)
    if as_json:
        print_json(applied)
        return
    out = answers()
    out.print(f"Done: {told_remedy(applied['finding']['remedy'])}.", markup=False, soft_wrap=True)
    if job := applied["made"].get("reschedule"):
        out.print(f"Nobody has moved yet; look at what it proposes: slotwise reschedule show {job}", soft_wrap=True)
    else:
        out.print("The next validation shows whether that mended it.")


def acknowledge(
    finding: FindingArgument,
    because: Annotated[str, typer.Option(help="Why it may be, for whoever meets it next.")],
    until: Annotated[str, typer.Option(metavar="DATE", help="The last day on which it may be.")],
    api: ApiOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a finding be for a while, and say why."""
    shown = _change(finding, "acknowledge", {"because": because, "until": until}, api, data, as_json=as_json)
    _tell_acknowledged(shown, as_json=as_json)


def unacknowledge(
    finding: FindingArgument, api: ApiOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Let a finding count again."""
    shown = _change(finding, "unacknowledge", None, api, data, as_json=as_json)
    _tell_acknowledged(shown, as_json=as_json)


def _tell_acknowledged(finding: "Json", *, as_json: bool) -> None:
    known = finding["acknowledgement"]
    if as_json:
        print_json(finding)
    elif known:
        answers().print(f"Acknowledged until the end of {known['until']}: {finding['message']}", markup=False)
    else:
        answers().print(f"It counts again: {finding['message']}", markup=False)


def _change(finding: str, what: str, body: "Json", api: str | None, data: "Path | None", *, as_json: bool) -> "Json":
    from cli.validate.checked import change  # noqa: PLC0415  # see cli/main.py

    with connected(api, data, as_json=as_json) as connection:
        return change(connection, finding, what, body)
