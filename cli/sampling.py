"""`slotwise sample`: the sample network as files."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.options import SeedOption, examples
from cli.output import Exit, Stop, answers
from models.wording import counted

EXAMPLES = examples("""
    slotwise sample --problem problem.json && slotwise plan problem.json
    slotwise sample --out sample && slotwise import sample/*.csv
    slotwise sample --json-file network.json --seed 7 --start 2027-03-22

    The network: four hospitals on both sides of a border where the clocks are
    half an hour apart, sixty doctors in eight specialties, three weeks from a
    Monday, three quarters of all hours taken, and 500 requests, of which some
    cannot be met, for every reason that there is.
    """)


def sample(
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write a CSV file of each kind, for `slotwise import`.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one JSON file of all kinds, for `slotwise import`.")
    ] = None,
    problem: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a planning problem, for `slotwise plan`.")
    ] = None,
    seed: SeedOption = 1,
    start: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Its first Monday. Otherwise one soon."),
    ] = None,
) -> None:
    """Write a realistic hospital network to files, for trying things out."""
    from cli.files.writing import write_json, write_tables  # noqa: PLC0415  # see cli/main.py
    from cli.sample import Calendar, as_bundle, as_problem, wishes  # noqa: PLC0415
    from cli.sample.dates import next_monday  # noqa: PLC0415
    from planner.schemas import problem_to_json  # noqa: PLC0415

    if not (out or json_file or problem):
        raise Stop("Say what to write: --out, --json-file or --problem.", Exit.USAGE)
    monday = start.date() if start else next_monday()
    if monday.isoweekday() != 1:
        raise Stop(f"{monday} is no Monday.", Exit.USAGE)
    calendar = Calendar(seed, monday)
    requests = wishes(calendar)
    try:
        if out:
            out.mkdir(parents=True, exist_ok=True)
            written = write_tables(as_bundle(calendar, requests), out)
            answers().print(f"{counted(len(written), 'file')} in {out}: {' '.join(file.name for file in written)}")
        if json_file:
            write_json(as_bundle(calendar, requests), json_file)
            answers().print(f"{json_file}: {counted(len(requests), 'request')} and the network they are about")
        if problem:
            problem.write_text(problem_to_json(as_problem(calendar, requests)), encoding="utf-8")
            answers().print(f"{problem}: a planning problem of {counted(len(requests), 'request')}")
    except OSError as error:
        raise Stop(f"{error.filename} cannot be written: {error.strerror}.", Exit.USAGE) from error
