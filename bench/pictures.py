"""`make pictures`: draw the README's picture from a real run of the demo."""

import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 100
TITLE = "slotwise demo --once"
PICTURE = Path(__file__).parent.parent / "docs" / "demo.svg"


def main() -> None:
    """Run the demo on a terminal of its own, with new data, and keep what it leaves on the screen."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # the services' account passes through
        output = run_on_terminal(
            [str(Path(sys.executable).with_name("slotwise")), *TITLE.split()[1:], "--data", folder]
        )
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(output[output.rindex("\n", 0, output.index("Outcome")) + 1 :]))
    PICTURE.write_text(console.export_svg(title=TITLE), encoding="utf-8")


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


main()
