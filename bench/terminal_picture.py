"""What the demo leaves on a terminal, as docs/demo.svg."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 100
TITLE = "slotwise demo --once"


def draw(data: Path, path: Path) -> None:
    """Run the demo on a terminal of its own, with its data in a folder, and keep what it leaves on the screen."""
    output = run_on_terminal([str(Path(sys.executable).with_name("slotwise")), *TITLE.split()[1:], "--data", str(data)])
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(output[output.rindex("\n", 0, output.index("Outcome")) + 1 :]))
    path.write_text(console.export_svg(title=TITLE), encoding="utf-8")


def run_on_terminal(argv: list[str]) -> str:
    """What a command writes to a terminal of `COLUMNS` columns. Raises CalledProcessError where it fails."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        output = b""
        while chunk := _read(ours):
            output += chunk
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, argv, output)
    return output.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""
