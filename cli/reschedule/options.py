"""The options of `slotwise reschedule`."""

from pathlib import Path
from typing import Annotated

import typer

_LOST, _MAY, _OUT = "What is lost", "What may be done", "What is shown"

DoctorsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--doctor",
        help="Who is away, or whose room cannot be used; repeat it for several.",
        rich_help_panel=_LOST,
        show_default=False,
    ),
]
HospitalOption = Annotated[
    str | None,
    typer.Option("--hospital", help="Where. Otherwise wherever the doctors are.", rich_help_panel=_LOST),
]
FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="2026-12-07, or 2026-12-07T09:00.", rich_help_panel=_LOST),
]
UntilOption = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="A date is that day to its end.", rich_help_panel=_LOST),
]
ClosedOption = Annotated[
    bool, typer.Option("--closed", help="The hospital is closed, to everybody.", rich_help_panel=_LOST)
]
RoomOption = Annotated[
    bool, typer.Option("--room", help="The doctors' room at the hospital cannot be used.", rich_help_panel=_LOST)
]
HoursOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.csv", help="Other weekly hours (`slotwise import --template hours`).", rich_help_panel=_LOST
    ),
]
AppointmentsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.csv", help="These appointments: their ids in a column `appointment`.", rich_help_panel=_LOST
    ),
]
LabelOption = Annotated[str | None, typer.Option(help="What people call it.", rich_help_panel=_LOST)]

OthersMoveOption = Annotated[
    bool, typer.Option("--others-move", help="Others may move to make room.", rich_help_panel=_MAY)
]
OthersWithinOption = Annotated[
    int | None,
    typer.Option(metavar="DAYS", help="How far others may move.", rich_help_panel=_MAY, show_default="7"),
]
QuietOption = Annotated[
    int | None,
    typer.Option(
        metavar="DAYS",
        help="Others who were moved so lately stay where they are.",
        rich_help_panel=_MAY,
        show_default="30",
    ),
]
AnyDoctorOption = Annotated[
    bool, typer.Option("--any-doctor", help="Another doctor of the specialty will do.", rich_help_panel=_MAY)
]
AnyHospitalOption = Annotated[bool, typer.Option("--any-hospital", help="Any hospital will do.", rich_help_panel=_MAY)]
NoticeOption = Annotated[
    int | None,
    typer.Option(
        metavar="HOURS", help="No new hour is nearer to now than this.", rich_help_panel=_MAY, show_default="24"
    ),
]
LatestOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="No new hour ends after it.",
        rich_help_panel=_MAY,
        show_default="28 days after what is lost",
    ),
]
WithinOption = Annotated[
    int | None,
    typer.Option(
        metavar="DAYS", help="No new hour is further from the old one.", rich_help_panel=_MAY, show_default="any"
    ),
]
CancelUnplacedOption = Annotated[
    bool,
    typer.Option(
        "--cancel-unplaced",
        help="Applying cancels those left over; otherwise they stand, to be seen to.",
        rich_help_panel=_MAY,
    ),
]
WhatIfOption = Annotated[
    bool, typer.Option("--what-if", help="Only ask: nothing is held, and it cannot be applied.", rich_help_panel=_MAY)
]
ApplyOption = Annotated[bool, typer.Option("--apply", help="Apply the proposal at once.", rich_help_panel=_MAY)]

AllOption = Annotated[bool, typer.Option("--all", help="Show every appointment.", rich_help_panel=_OUT)]
CsvOption = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE.csv", help="Write the whole proposal to a file.", rich_help_panel=_OUT),
]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `slotwise reschedule list` shows it.")]
