"""The commands of `slotwise validate`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import ApiOption, DataOption, JsonOption, examples
from cli.output import Exit, Stop, answers, notes, print_json
from cli.validate import mending
from cli.validate.connecting import connected
from cli.validate.verdict import CODES, VerdictGroup, end

if TYPE_CHECKING:
    from cli.client import Api, Json
    from cli.validate.checked import Checked

_LISTED = 20
_MAY = "How appointments may be placed again"

app = typer.Typer(
    cls=VerdictGroup,
    invoke_without_command=True,
    rich_markup_mode="rich",
    epilog=examples(f"""
        slotwise validate
        slotwise validate --hospital north
        slotwise validate --json | jq -r '.findings[].message'
        slotwise validate show                    what stands, without validating
        slotwise validate apply FINDING
        slotwise validate acknowledge FINDING --because "The locum starts" --until 2026-12-07

        docs/validation.md says what can be found and what to do about it.

        {CODES}
        """),
)

HospitalOption = Annotated[str | None, typer.Option("--hospital", help="Only its schedule. Otherwise everything.")]
AllOption = Annotated[bool, typer.Option("--all", help="Show every row.")]

app.command(epilog=mending.APPLY_EXAMPLES)(mending.apply)
app.command(epilog=mending.ACKNOWLEDGE_EXAMPLES)(mending.acknowledge)
app.command(epilog=mending.UNACKNOWLEDGE_EXAMPLES)(mending.unacknowledge)


@app.callback()
def validate(
    context: typer.Context,
    *,
    hospital: HospitalOption = None,
    same_doctor: Annotated[
        bool, typer.Option("--same-doctor", help="Only with the same doctor.", rich_help_panel=_MAY)
    ] = False,
    any_hospital: Annotated[
        bool, typer.Option("--any-hospital", help="Any hospital will do.", rich_help_panel=_MAY)
    ] = False,
    notice: Annotated[
        int | None,
        typer.Option(
            metavar="HOURS", help="No new hour is nearer to now than this.", rich_help_panel=_MAY, show_default="24"
        ),
    ] = None,
    within: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS", help="No new hour is further from the old one.", rich_help_panel=_MAY, show_default="any"
        ),
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for it to be finished.")] = False,
    every: AllOption = False,
    api: ApiOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check the schedule now: what is wrong, what would mend it, what would break it.

    Every hospital's own night does the same by itself.
    """
    from cli.validate.checked import ask  # noqa: PLC0415  # see cli/main.py

    if context.invoked_subcommand:
        _refuse_options(context)
        return
    policy = _policy(same_doctor=same_doctor, any_hospital=any_hospital, notice=notice, within=within)
    with connected(api, data, as_json=as_json, code=Exit.UNKNOWN) as connection:
        report = ask(connection, hospital, policy)
        if no_wait:
            _tell_queued(report, as_json=as_json)
            return
        checked = _followed(connection, report["id"])
    _tell(checked, every=every, as_json=as_json)


@app.command(
    epilog=examples(f"""
        slotwise validate show
        slotwise validate show --hospital north
        slotwise validate show 0199a5c2-7f31-7c3e-9a55-0d5f6a1b2c3d --all

        {CODES}
        """)
)
def show(
    id_: Annotated[
        str | None,
        typer.Argument(metavar="REPORT", help="A validation, as `slotwise validate list` shows it. Otherwise now."),
    ] = None,
    hospital: HospitalOption = None,
    every: AllOption = False,
    api: ApiOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what stands now, or what a validation found."""
    from cli.validate.checked import read, read_standing  # noqa: PLC0415  # see cli/main.py
    from cli.validate.telling import print_standing  # noqa: PLC0415

    if id_ and hospital:
        raise Stop("A validation is of one hospital, or of everything; leave --hospital out.", Exit.MISUSED)
    with connected(api, data, as_json=as_json, code=Exit.UNKNOWN) as connection:
        checked = read(connection, id_) if id_ else read_standing(connection, hospital)
    if id_:
        _tell(checked, every=every, as_json=as_json)
        return
    if as_json:
        print_json(checked.for_programs)
    elif checked.report:
        print_standing(answers(), checked, every=every)
    if not checked.report:
        raise Stop("Nothing was validated as yet: slotwise validate", Exit.UNKNOWN)
    end(checked.severity, checked.severities, checked.acknowledged)


@app.command(
    "list",
    epilog=examples("""
        slotwise validate list
        slotwise validate list --json | jq -r '.[].id'
        """),
)
def list_(
    every: Annotated[bool, typer.Option("--all", help="Not only the newest twenty.")] = False,
    api: ApiOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the validations, newest first."""
    from cli.validate.checked import last_reports  # noqa: PLC0415  # see cli/main.py
    from cli.validate.telling import reports_table  # noqa: PLC0415

    with connected(api, data, as_json=as_json, code=Exit.UNKNOWN) as connection:
        reports = last_reports(connection, None if every else _LISTED)
    if as_json:
        print_json(reports)
    elif reports:
        answers().print(reports_table(reports))
    else:
        answers().print("Nothing was validated as yet.")


def _policy(*, same_doctor: bool, any_hospital: bool, notice: int | None, within: int | None) -> "dict[str, Json]":
    """The policy that the options ask for; empty where they say nothing, for the API's own."""
    asked = {
        "same_doctor": same_doctor or None,
        "same_hospital": False if any_hospital else None,
        "notice_hours": notice,
        "within_days": within,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    return {"same_doctor": False, **given} if given else {}


def _refuse_options(context: typer.Context) -> None:
    """Refuse options before the name of a command, which would be lost.

    Raises
    ------
    Stop
        where there are any.

    """
    if any(context.params.values()):
        command = context.invoked_subcommand
        raise Stop(f"Write the options after the command: slotwise validate {command} …", Exit.MISUSED)


def _followed(api: "Api", id_: str) -> "Checked":
    """A validation once it has ended. Whoever does not want to wait can look again later."""
    from cli.validate.checked import follow, read  # noqa: PLC0415  # see cli/main.py

    try:
        follow(api, id_)
    except KeyboardInterrupt:
        notes().print(f"It goes on all the same: slotwise validate show {id_}", soft_wrap=True)
        raise
    return read(api, id_)


def _tell(checked: "Checked", *, every: bool, as_json: bool) -> None:
    """Tell all of a validation, and end with the exit code of what it found."""
    from cli.validate.telling import print_report  # noqa: PLC0415  # see cli/main.py

    if as_json:
        print_json(checked.for_programs)
    else:
        print_report(answers(), checked, every=every)
    if checked.report["status"] == "failed":
        raise Stop("The validation failed; what is wrong is not known.", Exit.UNKNOWN)
    if checked.report["status"] != "finished":
        raise Stop("The validation is not finished yet; what is wrong is not known.", Exit.UNKNOWN)
    end(checked.severity, checked.severities, checked.acknowledged)


def _tell_queued(report: "Json", *, as_json: bool) -> None:
    if as_json:
        print_json(report)
    else:
        answers().print(f"Queued. What it finds: slotwise validate show {report['id']}", soft_wrap=True)
