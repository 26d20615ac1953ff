"""`slotwise plan` and `slotwise verify`: the planner on files, with no database, no queue and no network."""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.options import JsonOption, examples
from cli.output import Exit, FaultLine, Stop, answers, notes, print_json, print_section, refuse, table
from cli.progress import working
from models.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from planner.plan import Plan
    from planner.problem import Problem
    from planner.verify import Proof

PLAN_EXAMPLES = examples("""
    slotwise plan problem.json --out plan.json
    slotwise plan problem.json --time-limit 5 > plan.json
    slotwise plan - < problem.json | jq .status
    slotwise sample --problem problem.json && slotwise plan problem.json

    What goes in and what comes out is docs/planning-problem.md. The plan goes
    to standard output unless --out names a file, a summary to standard error.
    The same problem, version and seed give the same plan. Where time runs out,
    the plan keeps every rule but may not be the best ("feasible"); its bound
    says how good one can be at most.

    Exit code 1: the problem has faults; each is told with its JSON path.
    """)

VERIFY_EXAMPLES = examples("""
    slotwise verify problem.json plan.json
    slotwise plan problem.json | slotwise verify problem.json -
    slotwise verify --json problem.json plan.json | jq .violations

    Every rule, reason and figure is checked anew from what the two files say;
    no solver is asked. That no better plan exists is proved by the plan's
    prices, where they do; otherwise it says so.

    Exit code 0: all of it is right; 1: it is not, or a file has faults.
    """)

ProblemArgument = Annotated[Path, typer.Argument(metavar="PROBLEM.json", help="The problem; - is standard input.")]

T = TypeVar("T")


def plan(
    problem: ProblemArgument,
    out: Annotated[
        Path | None, typer.Option(metavar="PLAN.json", help="Where the plan goes.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Chooses among plans that are equally good.")] = 0,
    time_limit: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="The longest it may solve.")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Tell the faults of a problem as JSON too.")] = False,
) -> None:
    """Plan a problem from a file: book what can be booked, say why the rest cannot.

    It needs no database and no services.
    """
    from planner.schemas import plan_to_json, read_problem  # noqa: PLC0415  # see cli/main.py

    asked = _read(problem, read_problem, as_json=as_json)
    from planner.solve import plan as make_plan  # noqa: PLC0415  # after the faults: this one loads the solver

    with working("loading") as tell:
        made = make_plan(asked, seed=seed, time_limit=time_limit, progress=lambda stage: tell(f"planning: {stage}"))
    text = plan_to_json(made)
    if out:
        try:
            out.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise Stop(f"{out} cannot be written: {error.strerror}.", Exit.USAGE) from error
    else:
        sys.stdout.write(text + "\n")
    _tell(asked, made)


def verify(
    problem: ProblemArgument,
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN.json", help="The plan; - is standard input.")],
    as_json: JsonOption = False,
) -> None:
    """Check a plan against its problem, without a solver.

    Tells every rule that it breaks and everything that it says wrongly.
    """
    from planner.schemas import read_plan, read_problem  # noqa: PLC0415  # see cli/main.py
    from planner.verify import check  # noqa: PLC0415

    if str(problem) == str(plan_file) == "-":
        raise Stop("Only one of the two can come from standard input.", Exit.USAGE)
    asked = _read(problem, read_problem, as_json=as_json)
    made = _read(plan_file, read_plan, as_json=as_json)
    with working("checking") as tell:
        report = check(asked, made, lambda what: tell(f"checking {what}"))
    if as_json:
        told = [{"code": v.code, "sentence": v.sentence, "ids": v.ids} for v in report.violations]
        print_json({"right": not told, "proved": report.proof.proved, "violations": told})
    elif report.violations:
        for violation in report.violations:
            answers().print(violation.sentence, markup=False, soft_wrap=True)
    else:
        _tell_right(asked, made, report.proof)
    if report.violations:
        raise Stop(f"The plan is not right: {counted(len(report.violations), 'violation')}.")


def _tell_right(problem: "Problem", plan: "Plan", proof: "Proof") -> None:
    """What has been checked of a plan that is right, and what is proved of it."""
    out = answers()
    out.print(f"Right: {_booked(problem, plan)}, and every rule is kept.", soft_wrap=True)
    certificates = sum(bool(conflict.certificate) for conflict in plan.conflicts)
    alternatives = sum(len(conflict.alternatives) for conflict in plan.conflicts)
    checked = [counted(len(plan.bookings), "booking"), counted(len(plan.moved), "move")]
    checked += [counted(len(plan.conflicts), "reason"), counted(certificates, "certificate")]
    out.print(f"Checked: {', '.join(checked)}, {counted(alternatives, 'alternative')}.", soft_wrap=True)
    out.print(_proved(plan, proof), soft_wrap=True)


def _proved(plan: "Plan", proof: "Proof") -> str:
    """What the prices say about plans that might be better."""
    if proof.best is None:
        return "Not proved: the plan carries no prices, so that no plan is better is the solver's word."
    prices = f"they cover {counted(proof.candidates, 'candidate')}, and no plan gains more than {proof.total:,}"
    if not proof.proved:
        return f"Not proved: the bound is better than the prices prove; {prices}, this one {proof.gain:,}."
    if plan.status == "optimal":
        reached = "which this one does" if proof.gain == proof.total else f"and none can do better than {proof.gain:,}"
        return f"Proved optimal by its prices: {prices}, {reached}."
    return f"No plan is better than the bound, which its prices prove: {prices}, this one {proof.gain:,}."


def _read(file: Path, read: "Callable[[bytes], T]", *, as_json: bool) -> T:
    """The contents of a file; all of its faults are told where it has any."""
    from planner.schemas import FaultyFileError  # noqa: PLC0415

    name = "standard input" if str(file) == "-" else str(file)
    try:
        with working(f"reading {name}"):
            return read(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes())
    except OSError as error:
        raise Stop(f"{name} cannot be read: {error.strerror}.", Exit.USAGE) from error
    except FaultyFileError as faulty:
        faults = [
            FaultLine(fault.path or "the file", fault.value, f"{fault.fault}; {fault.remedy}")
            for fault in faulty.faults
        ]
        raise refuse(name, faults, as_json=as_json) from None


def _tell(problem: "Problem", plan: "Plan") -> None:
    """A short summary on standard error."""
    err = notes()
    seconds = sum(plan.receipt.seconds.values())
    err.print(f"{plan.status.value.capitalize()}: {_booked(problem, plan)}, in {seconds:.1f} s.")
    print_section(err, "Goals", _goals(problem, plan))
    if plan.conflicts:
        kinds = table("conflict", "requests", right=("requests",))
        for kind, number in Counter(conflict.kind for conflict in plan.conflicts).most_common():
            kinds.add_row(kind.value, f"{number:,}")
        print_section(err, "Why not", kinds)


def _goals(problem: "Problem", plan: "Plan") -> "Table":
    asked = Counter(request.priority for request in problem.requests)
    goals = table("goal", "reached", "bound", "asked for", right=("reached", "bound", "asked for"))
    for priority, booked in plan.objective.booked.items():
        goals.add_row(f"{priority} booked", f"{booked:,}", f"{plan.bound.booked[priority]:,}", f"{asked[priority]:,}")
    goals.add_row("appointments moved", f"{plan.objective.moved:,}", f"{plan.bound.moved:,}")
    goals.add_row("hours of inconvenience", f"{plan.objective.inconvenience:,}", f"{plan.bound.inconvenience:,}")
    return goals


def _booked(problem: "Problem", plan: "Plan") -> str:
    return f"{len(plan.bookings):,} of {counted(len(problem.requests), 'request')} booked"
