"""`make bench`, or with words and options: `make bench BENCH="10,000 tight --ours"`; `make bench BENCH=validation`."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from bench.catalogue import INSTANCES, named
from bench.machine import machine
from bench.page import page
from bench.results import Bench, read, write
from bench.run import Wanted, run
from bench.tables import catalogue_table, print_results

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results.jsonl"
PAGE, PICTURE = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.svg"
QUICK_SECONDS = 10.0
TABLE_WIDTH = 120


def main() -> None:
    """Measure what the command line asks for. The whole bench also writes its results and docs/performance.md.

    The word `validation` alone measures a validation of schedules of 100,000 and 1,000,000 appointments: the rules of
    the schedule (and that is all with `--ours`), then everything that a validation does.
    """
    options = _arguments().parse_args()
    console = Console()
    if options.words == ["validation"]:
        # Only here: whoever calls for a process of its own should be small.
        from bench import validation  # noqa: PLC0415

        validation.run(console, quick=options.quick, everything=not options.ours)
        return
    instances = named(options.words)
    if options.list or not instances:
        console.print(catalogue_table(INSTANCES))
        sys.exit(None if options.list else f"no instance has all of these words: {' '.join(options.words)}")
    if options.page:
        _publish()
        return
    wanted = Wanted(
        limit=options.limit,
        references=not options.ours,
        comparisons=not (options.ours or options.no_comparisons),
        comparison_limit=QUICK_SECONDS if options.quick else options.comparison_limit,
    )
    results = run(instances, wanted, console)
    print_results(results, Console(width=max(console.width, TABLE_WIDTH)))
    if len(results) < len(instances):
        sys.exit(f"{len(instances) - len(results)} of {len(instances)} instances failed")
    if len(instances) == len(INSTANCES) and wanted.references and wanted.comparisons:
        write(RESULTS, Bench(machine(), wanted.comparison_limit, tuple(results)))
        _publish()


def _publish() -> None:
    """Write the page and its picture from the results."""
    # Only here: matplotlib is large, and nobody who measures one instance needs it.
    from bench.plot import draw  # noqa: PLC0415

    bench = read(RESULTS)
    PAGE.write_text(page(bench), encoding="utf-8")
    draw(bench.results, PICTURE)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument("words", nargs="*", help="measure only the instances whose names have all of these words")
    parser.add_argument("--list", action="store_true", help="list the instances and end")
    parser.add_argument("--page", action="store_true", help="write the page anew from the results and end")
    parser.add_argument("--ours", action="store_true", help="neither references nor comparisons; or the rules alone")
    parser.add_argument("--no-comparisons", action="store_true", help="no comparisons, which are slow")
    parser.add_argument("--quick", action="store_true", help=f"comparisons get {QUICK_SECONDS:.0f} seconds each")
    parser.add_argument("--limit", type=float, default=60.0, help="the planner's time limit in seconds")
    parser.add_argument("--comparison-limit", type=float, default=60.0, help="the comparisons' time limit in seconds")
    return parser


if __name__ == "__main__":
    main()
