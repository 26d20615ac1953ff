"""How `slotwise validate` ends: by the worst of what was found and nobody has acknowledged."""

from collections.abc import Mapping
from typing import Any

from typer.core import TyperGroup

from cli.output import Exit, Stop
from models.wording import counted

_CODES: Mapping[str | None, int] = {None: 0, "notice": 0, "warning": 1, "error": 2}

CODES = (
    "Exit code 0: nothing worse than a notice; 1: warnings; 2: errors; both without what is acknowledged. 3: no API"
    " answers; 4: the validation failed, or there is none; 64: wrong usage."
)


def end(severity: str | None, severities: Mapping[str, int], acknowledged: int) -> None:
    """End with the exit code of the worst severity that is left, None where nothing is.

    Raises
    ------
    Stop
        where that is a warning or an error.

    """
    if code := _CODES[severity]:
        raise Stop(f"{told_counts(severities, acknowledged)}.", Exit(code))


def told_counts(severities: Mapping[str, int], acknowledged: int) -> str:
    """`2 errors, 1 notice, 1 of them acknowledged`; `nothing wrong` where there is nothing."""
    told = [counted(number, severity) for severity, number in severities.items() if number]
    if not told:
        return "nothing wrong"
    known = (
        f"{acknowledged:,} of them acknowledged" if acknowledged and sum(severities.values()) > 1 else "acknowledged"
    )
    return ", ".join([*told, known] if acknowledged else told)


class VerdictGroup(TyperGroup):
    """Commands whose exit code 2 means errors in the schedule: a slip of the keyboard must not look like one."""

    def make_context(self, *args: Any, **more: Any) -> Any:  # Any: typer's own signature
        """Read the options of the group."""
        return _told_apart(super().make_context, *args, **more)

    def invoke(self, ctx: Any) -> Any:  # Any: as above
        """Carry out a command of the group, whose options are read here."""
        return _told_apart(super().invoke, ctx)


def _told_apart(step: Any, *args: Any, **more: Any) -> Any:  # Any: as above
    try:
        return step(*args, **more)
    except Exception as error:
        # Typer has a click of its own, whose errors of usage are known by their exit code.
        if getattr(error, "exit_code", None) == Exit.USAGE:
            error.exit_code = Exit.MISUSED  # type: ignore[attr-defined]
        raise
