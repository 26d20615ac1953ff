"""From a problem to a plan that has been checked. Knows no database."""

from collections.abc import Callable, Mapping, Sequence

from models.seeing.traces import span
from planner.plan import Plan
from planner.problem import Problem
from planner.solve import plan
from planner.verify import Violation, verify
from planner.wording import Wording

CHECK = "check"
"""The last stage: a plan is looked at by who knows the rules without a solver."""


class PlanRefused(Exception):  # noqa: N818  # named for what went wrong
    """The planner made a plan that breaks a rule. Nothing of it is written."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        told = " ".join(each.sentence for each in violations[:3])
        super().__init__(f"The plan is wrong in {len(violations)} ways and was not written: {told}")
        self.violations = tuple(violations)


def make_plan(
    problem: Problem,
    names: Mapping[str, str],
    *,
    time_limit: float,
    progress: Callable[[str], None] | None = None,
) -> Plan:
    """Plan a problem within `time_limit` seconds and check the plan, telling conflicts by `names` instead of ids.

    `progress` is called with the name of each stage when it begins, those of the planner and `CHECK`.

    Raises
    ------
    PlanRefused
        where the plan breaks a rule.

    """
    wording = Wording.of(problem, lambda _kind, id_: names.get(id_, id_))
    with span("solve"):
        made = plan(problem, time_limit=time_limit, wording=wording, progress=progress)
    if progress:
        progress(CHECK)
    with span("verify"):
        violations = verify(problem, made)
    if violations:
        raise PlanRefused(violations)
    return made
