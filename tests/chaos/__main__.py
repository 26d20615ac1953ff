"""`python -m tests.chaos`: faults on a running instance, and what the checker says of it (docs/faults.md)."""

import argparse
import logging
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.chaos.faults import FAULTS
from tests.chaos.prove import prove
from tests.chaos.run import Outcome, Plan, carry_out
from tests.chaos.sabotage import SABOTAGES
from tests.chaos.schedule import choose, draw

_TOLD = 5  # sentences of one rule
_say = partial(print, flush=True)


def main() -> int:
    asked = _asked()
    logging.getLogger("cli").setLevel(logging.ERROR)  # that a process died is no news here
    logging.raiseExceptions = False  # nor that a full disk takes no log
    if asked.list:
        return _list()
    names = asked.faults.split(",") if asked.faults else []
    try:
        faults = choose(names, disk=True)
    except LookupError as error:
        _say(str(error))
        return 2
    if asked.prove:
        return 1 if prove(faults, asked.seed, _say) else 0
    plan = Plan(
        seed=asked.seed,
        seconds=60 * asked.minutes,
        schedule=lambda disk: draw(asked.seed, choose(names, disk=disk)),
        sabotage=asked.sabotage,
        clients=asked.clients,
    )
    _say(f"Seed {asked.seed}: {asked.minutes:g} minutes.")
    outcome = _kept_if_wrong(plan, asked.keep, _say)
    _tell(outcome)
    _say(f"Again: python -m tests.chaos {' '.join(_again(asked))}")
    return 1 if outcome.violations else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="of load and schedule")
    parser.add_argument("--minutes", type=float, default=5.0, help="of load; 5 unless told")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--faults", default="", metavar="A,B", help="these alone (--list names them)")
    parser.add_argument("--sabotage", choices=SABOTAGES, help="switch a guard off: the checker should complain")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep history and logs in a new folder")
    parser.add_argument(
        "--prove", action="store_true", help="of each fault: clean, and not clean without its guards (see prove.py)"
    )
    parser.add_argument("--list", action="store_true", help="faults, their guards, and sabotages")
    return parser.parse_args()


def _again(asked: argparse.Namespace) -> list[str]:
    words = [f"--seed {asked.seed}", f"--minutes {asked.minutes:g}", f"--clients {asked.clients}"]
    words += [f"--faults {asked.faults}"] if asked.faults else []
    return words + ([f"--sabotage {asked.sabotage}"] if asked.sabotage else [])


def _list() -> int:
    for each in FAULTS.values():
        _say(f"{each.name}\n    {each.does}\n    guard: {each.guard} (--sabotage {', '.join(each.sabotages)})")
    _say("")
    for each in SABOTAGES.values():
        _say(f"--sabotage {each.name}: {each.does}")
    return 0


def _kept_if_wrong(plan: Plan, keep: Path | None, say: Callable[[str], None]) -> Outcome:
    """Carry a run out in a folder that is removed where all went well and nobody asked for it."""
    if keep:
        keep.mkdir(parents=True)
    folder = keep or Path(tempfile.mkdtemp(prefix="slotwise-chaos-"))
    folder.chmod(0o711)  # so that root's stand-in can pass through it
    done = False
    try:
        outcome = carry_out(plan, folder, say)
        done = not outcome.violations or bool(plan.sabotage)
    finally:
        if done and not keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            say(f"History and logs are in {folder}")
    return outcome


def _tell(outcome: Outcome) -> None:
    _say(f"\n{'fault':30} {'lasted':>8} {'recovered':>10}")
    for struck, recovery in zip(outcome.struck, outcome.recovery, strict=True):
        lasted = f"{(struck.ended - struck.began).total_seconds():.1f} s" if struck.ended else ""
        recovered = "" if recovery is None else f"{recovery:.1f} s"
        _say(f"{struck.due.fault.name:30} {lasted:>8} {recovered:>10}  {struck.told}")
    struck = Counter(each.due.fault.name for each in outcome.struck)
    _say(f"\nFaults: {struck.total()}, of {len(struck)} kinds.")
    _say("Answers: " + ", ".join(f"{count} {name}" for name, count in outcome.tries.items()) + ".")
    _say(f"Longest time without an answer: {outcome.longest_outage:.1f} s.")
    _say(f"Everything was settled {outcome.seconds_to_settle:.1f} s after the last fault.")
    for each in outcome.unsettled[:_TOLD]:
        _say(f"Not settled: {each}")
    for rule, sentences in outcome.violations.items():
        _say(f"VIOLATED {len(sentences)} times: {rule.replace('_', ' ')}")
        for each in sentences[:_TOLD]:
            _say(f"  {each}")
    if not outcome.violations:
        _say("The checker has nothing to complain about.")


if __name__ == "__main__":
    sys.exit(main())
