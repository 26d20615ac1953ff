"""A connection to the API for `slotwise validate`, and its refusals as people are told of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.output import Exit, Stop, notes, print_json, refuse

if TYPE_CHECKING:
    from pathlib import Path

    from cli.client import Api, ApiRefused


@contextmanager
def connected(api: str | None, data: "Path | None", *, as_json: bool, code: Exit = Exit.REFUSED) -> "Iterator[Api]":
    """A connection to the API; a refusal ends the command with every reason, and with `code` if nothing was typed
    wrongly.
    """
    from cli import connecting  # noqa: PLC0415  # see cli/main.py
    from cli.client import ApiRefused  # noqa: PLC0415

    with connecting.connected(api, data) as connection:
        try:
            yield connection
        except ApiRefused as refused:
            raise _reasons_told(refused, code, as_json=as_json) from None


def _reasons_told(refused: "ApiRefused", code: Exit, *, as_json: bool) -> Stop:
    """Tell everything that stands against it; what it returns is to be raised."""
    if any(each.get("pointer") or each.get("parameter") for each in refused.errors):
        return refuse("The command", refused.faults(option_of), as_json=as_json, code=Exit.MISUSED)
    if as_json:
        print_json({"faults": refused.errors, "remedy": refused.remedy})
    elif len(refused.errors) > 1:
        for each in refused.errors:
            notes().print(f"- {each['message']}", markup=False, soft_wrap=True)
    if refused.remedy and not as_json:
        notes().print("To find what would mend it now: slotwise validate")
    # The detail repeats the first of several.
    return Stop(refused.detail.partition(" The first: ")[0], code)


def option_of(path: str) -> str:
    """The option that a path in the body or a parameter came from."""
    options = {"policy/notice_hours": "--notice", "policy/within_days": "--within"}
    return options.get(path, f"--{path}")
