"""`slotwise demo`: the whole product with a sample network, from the queue to the reasons, to a day that is lost and to
the schedule that proves itself.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import JsonOption, SeedOption, examples
from cli.output import Exit, Stop, answers, notes, print_json, print_section, table
from cli.up import HostOption, PortOption, WorkersOption, default_workers, starting, tell
from models.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from cli.client import Api, Json
    from cli.instance import Instance
    from cli.outcomes import Outcome
    from cli.reschedule.question import Answered
    from cli.sample.loading import Loaded
    from cli.validate.checked import Checked

EXAMPLES = examples("""
    slotwise demo               stays up until Ctrl-C
    slotwise demo --once        ends after the outcome
    slotwise demo --seed 7      another network, in a data folder of its own
    slotwise demo --once --json | jq .by_status

    The first start makes a database and loads the sample: four hospitals on
    both sides of a border of time zones, sixty doctors, three weeks from a
    Monday ahead, about 4,000 appointments. Later starts find it there, double
    nothing, and queue 500 other requests. Once the three weeks have begun, or
    after two rounds of requests, the same network goes on for three more.

    It ends by telling whose sign-ins there are, each with a code that counts
    once. Every start makes new ones.

    Exit code of --once: 0 where every request is decided and everything that
    is said agrees with the schedule; otherwise 1.
    """)

_CONFLICTS_TOLD = 3
_PATIENCE = 300.0  # seconds for all requests to be decided


@dataclass(frozen=True, slots=True)
class Result:
    """What came of the requests: their outcome, how long it took, what a lost day would come to, what a validation of
    it all found, and what cannot be true of it.
    """

    batch: str
    outcome: "Outcome"
    seconds: float
    runs: "Sequence[Json]"
    question: "Answered"
    checked: "Checked"
    contradictions: Sequence[str]


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the outcome.")] = False,
    seed: SeedOption = 1,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where its data lasts.", show_default="demo, in the folder of `slotwise up`"
        ),
    ] = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start everything with a sample network, and plan 500 booking requests.

    It ends with what was booked and what was not, and why; with what would happen if the busiest doctor were away; and
    with a validation of the whole schedule.
    """
    from cli.instance import running_instance  # noqa: PLC0415  # see cli/main.py
    from cli.instances import demo_folder  # noqa: PLC0415
    from cli.listening import Listening  # noqa: PLC0415

    folder = data or demo_folder(seed)
    with (
        starting() as say,
        running_instance(
            folder, listening=Listening(host, port), workers=workers or default_workers(), say=say
        ) as instance,
    ):
        say("Loading the sample network")
        loaded = _load(seed)
        say("")
        result = _plan_requests(instance, loaded)
        _tell(result, loaded, instance, as_json=as_json)
        if not once:
            if not as_json:
                schedule = f"/app/schedule?date={loaded.calendar.monday}"
                tell(instance, as_json=False, schedule=schedule)
                _tell_sign_ins(instance, loaded, schedule)
            instance.supervisor.wait()
            notes().print("Stopping.")
    if once and result.contradictions:
        raise Stop("The demo did not end as it should.", Exit.REFUSED)


def _load(seed: int) -> "Loaded":
    from cli.database import reached  # noqa: PLC0415
    from cli.sample.loading import ensure_sample  # noqa: PLC0415

    with reached("the demo") as session:
        return ensure_sample(session, seed, datetime.now(UTC))


def _tell_sign_ins(instance: "Instance", loaded: "Loaded", schedule: str) -> None:
    """Tell who may sign in; the address leads to the page `schedule` afterwards."""
    from urllib.parse import urlencode  # noqa: PLC0415

    from cli.database import reached  # noqa: PLC0415
    from cli.sample.people import sign_ins  # noqa: PLC0415

    with reached("the demo") as session:
        people = sign_ins(session, loaded.calendar, datetime.now(UTC))
    out, rows = answers(), table("name", "code", "who")
    for each in people:
        rows.add_row(each.name, each.code, each.who)
    print_section(out, "Sign in, with a code that counts once", rows)
    # What is behind the # is not sent to the server: no log has it.
    typed, next_ = urlencode({"name": people[0].name, "code": people[0].code}), urlencode({"next": schedule})
    out.print(f"As an admin: {instance.api}/app/sign-in?{next_}#{typed}", markup=False, soft_wrap=True)


def _plan_requests(instance: "Instance", loaded: "Loaded") -> Result:
    """Queue a round of requests over HTTP, follow them to the end, ask what a lost day would come to, and validate."""
    from cli import batches  # noqa: PLC0415
    from cli.checking import contradictions  # noqa: PLC0415
    from cli.connecting import connected  # noqa: PLC0415
    from cli.reschedule.question import ask_about_the_busiest  # noqa: PLC0415
    from cli.sample import as_bundle, wishes  # noqa: PLC0415
    from cli.validate import checked  # noqa: PLC0415

    with connected(None, instance.folder) as api:
        requests = batches.as_json(as_bundle(loaded.calendar, wishes(loaded.calendar, loaded.round)).requests)
        began, deadline = datetime.now(UTC), time.monotonic() + _PATIENCE
        batch = batches.queue(api, requests, label=loaded.label, again=True)["id"]
        outcome = batches.follow(api, batch, give_up=lambda: time.monotonic() > deadline)
        decided = [datetime.fromisoformat(each["decided_at"]) for each in outcome.requests if each["decided_at"]]
        question = ask_about_the_busiest(api, loaded.calendar.monday)
        report = checked.follow(api, checked.ask(api, None, {})["id"])
        validated = checked.read(api, report["id"])
        return Result(
            batch=batch,
            outcome=outcome,
            seconds=(max(decided, default=began) - began).total_seconds(),
            runs=_runs_since(api, began),
            question=question,
            checked=validated,
            contradictions=[
                *contradictions(api, batch, len(requests), outcome),
                *question.contradictions(),
                *_broken_rules(validated),
            ],
        )


def _broken_rules(checked: "Checked") -> "Iterator[str]":
    """Every way in which the validation contradicts that all is well."""
    if checked.report["status"] != "finished":
        yield f"the validation {checked.report['id']} is {checked.report['status']}"
    yield from (f"a rule is broken: {each['message']}" for each in checked.left if each["severity"] == "error")


def _runs_since(api: "Api", began: datetime) -> "list[Json]":
    """The planning runs that started after an instant, the first one first."""
    latest = api.get("/planning-runs")["items"]
    return [run for run in reversed(latest) if datetime.fromisoformat(run["started_at"]) >= began]


def _tell(result: Result, loaded: "Loaded", instance: "Instance", *, as_json: bool) -> None:
    from cli.outcomes import print_conflict, print_tables  # noqa: PLC0415
    from cli.validate.telling import in_short  # noqa: PLC0415

    if as_json:
        print_json({"api": instance.api, **_summary(result, loaded)})
    else:
        out = answers()
        _tell_sample(loaded)
        print_tables(out, result.outcome)
        print_section(out, "Planning runs", _runs_table(result.runs))
        decided = len(result.outcome.requests) - result.outcome.undecided
        rate = decided / max(result.seconds, 0.001)
        out.print(
            f"\n{counted(decided, 'request')} decided in {result.seconds:.1f} s "
            f"from the first POST to the last decision, {rate:,.0f} a second."
        )
        for request in result.outcome.told_conflicts(_CONFLICTS_TOLD):
            print_conflict(out, request, result.outcome)
        result.question.tell(out)
        out.print("\n[bold]Validation[/]")
        for sentence in (*in_short(result.checked), f"{instance.api}/app/validation"):
            out.print(f"  {sentence}", markup=False, soft_wrap=True)
        out.print()
    for contradiction in result.contradictions:
        notes().print(f"[red]Not true: {contradiction}.[/]")
    if not result.contradictions and not as_json:
        answers().print(
            "Checked: every booked request has its appointment, no two appointments overlap, no rule is broken."
        )


def _tell_sample(loaded: "Loaded") -> None:
    calendar, out = loaded.calendar, answers()
    there = "loaded" if loaded.rows else "there already"
    out.print(
        f"The sample network is {there}: {len(calendar.hospitals)} hospitals, {len(calendar.doctors)} doctors, "
        f"three weeks from {calendar.monday:%d %B %Y}. This is round {loaded.round} of requests for them."
    )


def _runs_table(runs: "Sequence[Json]") -> "Table":
    numbers = ("requests", "booked", "conflicts", "requeued", "seconds", "solving")
    made = table("plan", *numbers, right=numbers)
    for run in runs:
        outcome = run["outcome"] or {}
        counts = [run[name] for name in numbers[:4]]
        solving = sum(outcome.get("receipt", {}).get("seconds", {}).values())
        told = ["" if count is None else f"{count:,}" for count in counts]
        seconds = "" if run["seconds"] is None else f"{run['seconds']:.2f}"
        made.add_row(outcome.get("status", run["status"]), *told, seconds, f"{solving:.2f}")
    return made


def _summary(result: Result, loaded: "Loaded") -> "Json":
    return {
        "batch": result.batch,
        "sample": {
            "seed": loaded.calendar.seed,
            "monday": loaded.calendar.monday,
            "round": loaded.round,
            "rows_loaded": loaded.rows,
        },
        **result.outcome.summary,
        "seconds": round(result.seconds, 3),
        "planning_runs": result.runs,
        "told": result.outcome.told_conflicts(_CONFLICTS_TOLD),
        "what_if": result.question.for_programs,
        "validation": result.checked.for_programs,
        "contradictions": result.contradictions,
    }
