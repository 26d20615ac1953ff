"""What `--prove` tries: that each guard is needed for its fault, and enough.

A fault strikes alone, as it is: nothing may be wrong. It strikes with a guard switched off: something has to be. And
with that guard switched off and nothing broken, nothing may be wrong of the kind that shows it, so that it is the fault
which does the harm.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.run import Outcome, Plan, carry_out
from tests.chaos.sabotage import SABOTAGES
from tests.chaos.schedule import NOT_STRUCK, Due, alone

TRIES = 4
"""How often a fault is tried, by other seeds, until its guard is seen to be missing: some harm is a matter of luck."""

_LOAD = 15.0  # seconds where nothing is broken
_PATIENCE = 120.0  # seconds at most for faults to strike, and callers to be answered after each
_TIMES = 3  # that a fault strikes under load, and once more as the load ends
_HELD = 10.0  # seconds that the last fault lasts, which outlives the load
_NEVER = 1_000_000


@dataclass(frozen=True)
class Trial:
    """A fault or none, with a guard switched off or none; `is_clean`: whether nothing may come of it."""

    fault: Fault | None
    sabotage: str | None
    is_clean: bool

    def __str__(self) -> str:
        without = f"without {self.sabotage}" if self.sabotage else "as it is"
        return f"{self.fault.name if self.fault else 'nothing broken':28} {without:20}"

    def found(self, outcome: Outcome) -> dict[str, int]:
        """What is wrong, of the kind that tells of this trial, and how often."""
        found = {rule: len(sentences) for rule, sentences in sorted(outcome.violations.items())}
        if self.sabotage:
            return {rule: count for rule, count in found.items() if rule in SABOTAGES[self.sabotage].breaks}
        return found | ({"not_settled": len(outcome.unsettled)} if outcome.unsettled else {})

    def plan(self, seed: int) -> Plan:
        fault = self.fault
        longest = max(fault.lasts[1], 1.0) if fault else 0.0
        return Plan(
            seed=seed,
            seconds=_PATIENCE if fault else _LOAD,
            schedule=lambda disk: (
                alone(seed, fault, longest, _TIMES) if fault and (disk or not fault.needs_disk) else ()
            ),
            last=Due(fault, pause=0, lasts=max(_HELD, fault.lasts[0]), seed=seed) if fault else None,
            acknowledged=0 if fault else _NEVER,
            sabotage=self.sabotage,
            clients=6,
            days=6,
            patients=15,
            settle=20 if self.sabotage else 120,
        )


def trials(faults: Sequence[Fault]) -> Iterator[Trial]:
    """All that is to be tried of some faults, and of the guards that none of all faults needs, if it is all of them."""
    sabotages = dict.fromkeys(name for fault in faults for name in fault.sabotages)
    for fault in faults:
        yield Trial(fault, None, is_clean=True)
        yield from (Trial(fault, name, is_clean=False) for name in fault.sabotages)
    yield from (Trial(None, name, is_clean=True) for name in sabotages)
    if len(faults) == len(FAULTS):
        yield from (Trial(None, name, is_clean=False) for name in SABOTAGES if name not in sabotages)


def prove(faults: Sequence[Fault], seed: int, say: Callable[[str], None]) -> int:
    """Try all, and say what came of it. Returns how many are not as they should be."""
    wrong = sum(not _is_as_it_should_be(trial, seed, say) for trial in trials(faults))
    say(f"{wrong} of them are not as they should be." if wrong else "All are as they should be.")
    return wrong


def _is_as_it_should_be(trial: Trial, seed: int, say: Callable[[str], None]) -> bool:
    """Harm that is not done may be a matter of luck, and is tried again; harm that may not be done never is."""
    for attempt in range(1 if trial.is_clean else TRIES):
        began = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix="slotwise-chaos-"))
        folder.chmod(0o711)
        outcome = carry_out(trial.plan(seed + attempt), folder, lambda _: None)
        found = trial.found(outcome)
        is_right = bool(found) != trial.is_clean
        told = ", ".join(f"{rule} {count}" for rule, count in found.items()) or "clean"
        told += "".join(f"; {each.told}" for each in outcome.struck if each.told.startswith(NOT_STRUCK))
        if is_right or trial.sabotage:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            told += f"; kept in {folder}"
        took = time.monotonic() - began
        say(f"{'ok   ' if is_right else 'WRONG'} {trial} seed {seed + attempt}, {took:3.0f} s: {told}")
        if is_right:
            return True
    return False
