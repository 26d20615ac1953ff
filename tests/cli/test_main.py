"""What all commands have in common: help that teaches, comes at once, and exit codes."""

import pytest

COMMANDS = ("demo", "up", "status", "import", "book", "reschedule", "validate", "plan", "verify", "sample")


def test_help_lists_every_command_and_the_exit_codes(slotwise) -> None:
    done = slotwise("--help")
    assert done.code == 0
    assert all(f" {command} " in done.out for command in COMMANDS)
    assert "Exit codes: 0 done, 1 refused" in done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_shows_examples(slotwise, command: str) -> None:
    done = slotwise(command, "--help")
    assert done.code == 0
    assert "Examples" in done.out
    assert f"slotwise {command} " in done.out.partition("Examples")[2]


def test_nothing_heavy_is_imported_for_help() -> None:
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    heavy = ["sqlalchemy", "numpy", "ortools", "celery", "httpx", "fastapi", "alembic"]
    code = f"import sys, cli.main; print(*(name for name in {heavy} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_an_unknown_command_is_wrong_usage(slotwise) -> None:
    assert slotwise("plna").code == 2


def test_the_sample_can_be_written_in_every_shape(slotwise, tmp_path) -> None:
    done = slotwise("sample", "--out", "csv", "--json-file", "n.json", "--problem", "p.json", "--start", "2026-12-07")
    assert done.code == 0
    assert sorted(file.name for file in (tmp_path / "csv").iterdir())[:2] == ["appointments.csv", "availabilities.csv"]
    assert slotwise("plan", "p.json", "--out", "plan.json").code == 0
    assert slotwise("sample").code == 2
    assert slotwise("sample", "--problem", "p.json", "--start", "2026-12-08").code == 2
