"""`make bench`: print what was measured."""

from rich.console import Console
from rich.table import Table

from bench.planning import SIZES, measure


def main() -> None:
    """Measure every size and print a line for each."""
    table = Table(title="Planning: seconds, and ours (plan and verify) over the faster reference")
    for name in ("requests", "candidates", "booked", "plan", "expand", "plan s", "verify s", "flow s", "JV s", "ratio"):
        table.add_column(name, justify="left" if name in ("requests", "plan") else "right")
    for size in SIZES:
        found = measure(size)
        times = (found.expanding, found.planning, found.verifying, found.flow, found.assignment)
        table.add_row(
            size.name,
            f"{found.candidates:,}",
            f"{found.booked:,}",
            found.status,
            *(f"{seconds:.3f}" for seconds in times),
            f"{found.ratio:.1f}",
        )
    Console(width=120).print(table)


main()
