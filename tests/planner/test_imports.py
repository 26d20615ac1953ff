"""What importing loads: whoever only reads problems and plans, or checks them, waits for no solver."""

import subprocess
import sys

import pytest

LIGHT = ["planner", "planner.problem", "planner.plan", "planner.schemas", "planner.verify", "planner.wording"]


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_load_no_solver(module: str) -> None:
    heavy = f"import sys, {module}; print([m for m in ('ortools', 'scipy', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_explaining_without_a_plan_loads_no_solver() -> None:
    heavy = "import sys, planner.conflicts; print([m for m in ('ortools', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
