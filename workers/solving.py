"""From a problem to a plan that has been checked. Knows no database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from models.seeing.traces import span
from planner.displaced import displaced
from planner.plan import Conflict, Plan
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


def plan_all_standing(
    problem: Problem,
    names: Mapping[str, str],
    *,
    time_limit: float,
    progress: Callable[[str], None] | None = None,
) -> tuple[Problem, Plan, dict[str, Conflict]]:
    """Plan as `make_plan` does, and let nobody have the hour of an appointment that is not moved after all.

    For the planner the hour of every appointment that a request moves is free. Where a plan gives such an hour to
    others and refuses the request, it is planned again without that request: then the appointment stands, and each such
    round, of `time_limit` seconds, leaves out more. Whatever got an hour is never left out, so something is left.

    Returns the problem as it was planned at last, its plan, and the requests that were left out, by their ids, each
    with the conflict of the plan that was dropped for it.

    Raises
    ------
    PlanRefused
        where a plan breaks a rule.

    """
    left_out: dict[str, Conflict] = {}
    while True:
        made = make_plan(problem, names, time_limit=time_limit, progress=progress)
        losing = set(displaced(problem, made))
        if not losing:
            return problem, made, left_out
        withdrawn = {each.id for each in problem.requests if each.moves in losing}
        left_out |= {each.request: each for each in made.conflicts if each.request in withdrawn}
        problem = replace(problem, requests=tuple(each for each in problem.requests if each.id not in withdrawn))
