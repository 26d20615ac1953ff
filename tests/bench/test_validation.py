"""The bench of validations builds schedules that break no rule, and measures the workers' own code."""

from pathlib import Path

from rich.console import Console

from bench.schedules import Size
from bench.validation import measure, print_measured


def test_a_small_schedule_is_built_validated_and_told_of(services, tmp_path: Path) -> None:
    size = Size(doctors=6, days=2, hospitals=4)
    with (tmp_path / "terminal").open("w") as terminal:
        console = Console(file=terminal, width=160)
        measured = measure(size, services, console, everything=False)
        print_measured([measured], console)
    assert measured.rules.found == {}
    openings = 4 * 400  # a horizon of days at each hospital, today's among them
    rows = {name: rows for name, (rows, _) in measured.rules.steps.items()}
    assert rows["Whether the doctors' hours keep the rules"] == size.appointments + 6 * 2
    assert rows["Whether patients are in one place at a time"] == size.appointments == 6 * 2 * 8
    assert openings - 4 <= rows["Whether openings overlap"] <= openings
    assert "96 appointments: built in" in (tmp_path / "terminal").read_text()
