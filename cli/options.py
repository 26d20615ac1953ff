"""Options that several commands share, and how their help is put."""

from inspect import cleandoc
from pathlib import Path
from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output, for programs.")]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        help="The data folder of the instance that is meant. Otherwise the one that runs here.",
        show_default=False,
    ),
]
ApiOption = Annotated[
    str | None,
    typer.Option(
        "--api",
        metavar="URL",
        help="The address of the API. Otherwise that of the instance that runs here.",
        show_default=False,
    ),
]
SeedOption = Annotated[int, typer.Option(help="What the sample is drawn from: the same seed, the same network.")]


def examples(text: str) -> str:
    """The end of a command's help: examples as they are typed, and what else is worth a look."""
    return f"[bold]Examples[/]\n\n{cleandoc(text)}"
