"""The `slotwise` command: the list of its commands, and what they have in common.

The modules of the commands import little at their top, so that help comes at once; what a command works with is
imported where it starts to work.
"""

import sys
import traceback

import typer

from cli import audit, book, demo, importing, migrate, patient, plan, sampling, status, tokens, up, users
from cli.backup import commands as backup
from cli.doctor import command as doctor
from cli.output import Exit, Stop, told
from cli.reschedule import commands as reschedule
from cli.validate import commands as validate

app = typer.Typer(
    name="slotwise",
    help="An appointment planner for hospitals: it books what can be booked and says exactly why the rest cannot.",
    epilog="""[bold]To begin with[/]

slotwise demo             all of it, with a sample network
slotwise up               the same for your own data
slotwise COMMAND --help   what a command does, with examples

Exit codes: 0 done, 1 refused or not right, 2 wrong usage, 3 a service does
not answer or let us in, 70 a fault of ours, 130 interrupted.""",
    rich_markup_mode="rich",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(rich_help_panel="Run", epilog=demo.EXAMPLES)(demo.demo)
app.command(rich_help_panel="Run", epilog=up.EXAMPLES)(up.up)
app.command(rich_help_panel="Run", epilog=migrate.EXAMPLES)(migrate.migrate)
app.command(rich_help_panel="Run", epilog=status.EXAMPLES)(status.status)
app.command(rich_help_panel="Run", epilog=doctor.EXAMPLES)(doctor.doctor)
app.add_typer(backup.app, name="backup", rich_help_panel="Run")
app.command("import", rich_help_panel="Work", epilog=importing.EXAMPLES)(importing.import_)
app.command(rich_help_panel="Work", epilog=book.EXAMPLES)(book.book)
app.add_typer(reschedule.app, name="reschedule", rich_help_panel="Work")
app.add_typer(validate.app, name="validate", rich_help_panel="Work")
app.add_typer(patient.app, name="patient", rich_help_panel="People and privacy")
app.add_typer(audit.app, name="audit", rich_help_panel="People and privacy")
app.add_typer(users.app, name="user", rich_help_panel="People and privacy")
app.add_typer(tokens.app, name="token", rich_help_panel="People and privacy")
app.command(rich_help_panel="On files, with no services", epilog=plan.PLAN_EXAMPLES)(plan.plan)
app.command(rich_help_panel="On files, with no services", epilog=plan.VERIFY_EXAMPLES)(plan.verify)
app.command(rich_help_panel="On files, with no services", epilog=sampling.EXAMPLES)(sampling.sample)


@app.callback()
def _more_than_one_command() -> None:
    """Without it, typer makes the program of a single command that very command."""


def main() -> None:
    """Run a command and end with its exit code."""
    try:
        app()
    except Stop as stop:
        told(stop)
        sys.exit(stop.code)
    except BrokenPipeError:  # `slotwise plan … | head`
        sys.stderr.close()
        sys.exit(Exit.DONE)
    except Exception:  # noqa: BLE001  # told in full; only its exit code is chosen here
        traceback.print_exc()
        sys.exit(Exit.FAULT_OF_OURS)
