"""`make load`: measure, print, and write docs/load.md (LOAD=--quick only tries whether everything works)."""

import argparse
import os
import tempfile
from pathlib import Path

from rich.console import Console

from bench.load import page
from bench.load.measure import QUICK, Scale, measure
from bench.load.stand import stand


def main() -> None:
    """Measure what the command line asks for."""
    asked = argparse.ArgumentParser(prog="make load", description=__doc__)
    asked.add_argument("--quick", action="store_true", help="a minute instead of ten; nothing is written")
    asked.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="worker processes at most")
    options = asked.parse_args()
    console = Console(width=110)
    shortest = QUICK if options.quick else Scale()
    scale = Scale(**{**{name: getattr(shortest, name) for name in Scale.__slots__}, "workers": options.workers})
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        Path(folder).chmod(0o711)  # the services' account passes through
        with stand(Path(folder)) as here:
            load = measure(here, scale, say=console.print)
    page.show(load, console)
    if not options.quick:
        page.write(load)
        console.print(f"Written: {page.PAGE.relative_to(page.ROOT)}")


if __name__ == "__main__":
    main()
