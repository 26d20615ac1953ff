"""PROBLEM.json and PLAN.json: reading and writing them.

A faulty file is refused as a whole, with every fault named.
"""

import hashlib
import json
from collections.abc import Sequence

from pydantic import ValidationError

from planner.faults import Fault, findings
from planner.mending import written_twice
from planner.plan import Plan
from planner.plan_schema import PlanModel, plan_as_dict
from planner.problem import Problem
from planner.problem_schema import ProblemModel, problem_as_dict
from planner.schema_faults import problem_faults, repeated_fault, schema_fault, value_fault


class FaultyFileError(ValueError):
    """A file that was refused. `faults` holds every one, in the order of the file."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        many = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__("\n".join([f"{many}:", *(str(fault) for fault in self.faults)]))


class FaultyProblem(FaultyFileError):  # noqa: N818  # it is the problem that is faulty; callers know it by this name
    """PROBLEM.json was refused."""


class FaultyPlan(FaultyFileError):  # noqa: N818  # as above
    """PLAN.json was refused."""


def read_problem(text: str | bytes) -> Problem:
    """The problem in a PROBLEM.json.

    Raises `FaultyProblem` with all faults, those of the schema and those of the values, each with its JSON path.
    """
    repeated = written_twice(text)
    try:
        problem = ProblemModel.model_validate_json(text).values()
    except ValidationError as error:
        raise FaultyProblem(problem_faults(text, error.errors(include_url=False), repeated)) from None
    if repeated:
        raise FaultyProblem(problem_faults(text, [], repeated))
    found = findings(problem)
    if found:
        raise FaultyProblem([value_fault(finding) for finding in found])
    return problem


def read_plan(text: str | bytes) -> Plan:
    """The plan in a PLAN.json; whether it is right, `planner.verify` says.

    Raises `FaultyPlan` with all faults of the schema.
    """
    faults = [repeated_fault(at, value) for at, value in written_twice(text)]
    try:
        read = PlanModel.model_validate_json(text).values()
    except ValidationError as error:
        faults += [schema_fault(fault) for fault in error.errors(include_url=False)]
    if faults:
        raise FaultyPlan(faults)
    return read


def problem_to_json(problem: Problem) -> str:
    """PROBLEM.json of `problem` in one way of writing it, which `problem_as_dict` tells: no spaces, and instants with
    the offsets they came with.
    """
    return json.dumps(problem_as_dict(problem), separators=(",", ":"))


def problem_sha256(problem: Problem) -> str:
    """The SHA-256 of `problem_to_json` in UTF-8: what a plan's receipt names its problem by."""
    return hashlib.sha256(problem_to_json(problem).encode()).hexdigest()


def plan_to_json(plan: Plan) -> str:
    """PLAN.json of `plan`, with a line for each booking and each conflict."""
    told = [f'"{name}": {_lines(value)}' for name, value in plan_as_dict(plan).items()]
    return "{\n " + ",\n ".join(told) + "\n}"


def _lines(value: object) -> str:
    """JSON of a field: a list with a line for each of its elements."""
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"
