"""What importing loads: whoever only reads problems and plans, or checks them, waits for no solver."""

import subprocess
import sys

import pytest

LIGHT = ["planner", "planner.problem", "planner.plan", "planner.schemas", "planner.wording"]


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_load_no_solver(module: str) -> None:
    heavy = f"import sys, {module}; print([m for m in ('ortools', 'scipy', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["planner.conflicts", "planner.verify"])
def test_explaining_without_a_plan_and_checking_load_no_solver(module: str) -> None:
    heavy = f"import sys, {module}; print([m for m in ('ortools', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
