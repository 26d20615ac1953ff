"""The same problem gives the same bytes in every process, however Python happens to order its sets."""

import os
import subprocess
import sys

PLANS = """
import hashlib
from dataclasses import replace
from planner.schemas import plan_to_json
from planner.solve import plan
from tests.planner.problems import small
digest = hashlib.sha256()
for seed in range(40):
    made = plan(small(seed))
    digest.update(plan_to_json(replace(made, receipt=replace(made.receipt, seconds={}))).encode())
print(digest.hexdigest())
"""


def test_plans_do_not_depend_on_the_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", PLANS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(digests) == 1
