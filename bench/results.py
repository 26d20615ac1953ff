"""What is measured, as plain values that go between processes and into a file of JSON lines."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Reached:
    """What a plan achieves: bookings (urgent, soon, routine), appointments moved, hours of inconvenience."""

    booked: tuple[int, ...]
    moved: int
    inconvenience: int

    @property
    def key(self) -> tuple[int, ...]:
        """Greater the better the plan, goal after goal."""
        return *self.booked, -self.moved, -self.inconvenience


@dataclass(frozen=True, slots=True)
class Ours:
    """The planner on one instance. Times in seconds; the process's peak memory in bytes, before planning and after.

    `stages` are those of the plan's receipt. `planning` is the whole call of `planner.solve.plan`, `verifying` that of
    `planner.verify`, `parsing` reading the problem from JSON.
    """

    name: str
    requests: int
    offers: int
    candidates: int
    status: str
    reached: Reached
    bound: Reached
    conflicts: int
    stages: dict[str, float]
    planning: float
    verifying: float
    parsing: float
    peak_before: int
    peak: int
    runs: int

    @property
    def expanding(self) -> float:
        """From the problem's values to columns."""
        return self.stages["columns"]

    @property
    def before_solver(self) -> float:
        """What the structure takes: every stage between the columns and CP-SAT."""
        return sum(took for stage, took in self.stages.items() if stage not in ("columns", "solve", "explain"))

    @property
    def decided(self) -> float:
        """From columns to CP-SAT's last word."""
        return self.before_solver + self.stages["solve"]

    @property
    def whole(self) -> float:
        """From columns to a verified plan with every conflict explained."""
        return self.planning - self.expanding + self.verifying


@dataclass(frozen=True, slots=True)
class References:
    """Seconds of each relaxation, once for each way round that was tried, and what all of them reach."""

    flow: tuple[float, ...]
    assignment: tuple[float, ...]
    reached: Reached

    @property
    def seconds(self) -> float:
        """Of the faster one, the faster way round."""
        return min(*self.flow, *self.assignment)


@dataclass(frozen=True, slots=True)
class Compared:
    """What another way to plan reached (None: no plan), and its seconds from columns in memory.

    `gap`: how far its own bound lies above its value, as a share of the bound; None: it knows no bound.
    """

    method: str
    reached: Reached | None
    seconds: float
    gap: float | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What was measured on and with: its cores, and the versions of what matters."""

    cores: int
    processor: str
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """Everything about one instance."""

    ours: Ours
    references: References | None = None
    compared: tuple[Compared, ...] = ()

    @property
    def ways(self) -> tuple[Compared, ...]:
        """Ours and the others, where others were tried."""
        if not self.compared:
            return ()
        gap = 0.0 if self.ours.status == "optimal" else None
        return Compared("ours, decided", self.ours.reached, self.ours.decided, gap), *self.compared

    def ratio(self, seconds: float) -> float | None:
        """`seconds` over the faster reference."""
        return seconds / self.references.seconds if self.references else None


@dataclass(frozen=True, slots=True)
class Bench:
    """A whole run; the limit of each comparison in seconds."""

    machine: Machine
    comparison_limit: float
    results: tuple[Result, ...]


def write(path: Path, bench: Bench) -> None:
    """As JSON lines: the machine and the limit, then an instance on each line."""
    head = {"machine": asdict(bench.machine), "comparison_limit": bench.comparison_limit}
    lines = [json.dumps(head).encode(), *map(_RESULT.dump_json, bench.results)]
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def read(path: Path) -> Bench:
    """What `write` wrote."""
    first, *lines = path.read_bytes().splitlines()
    head = json.loads(first)
    results = tuple(_RESULT.validate_json(line) for line in lines)
    return Bench(Machine(**head["machine"]), head["comparison_limit"], results)


_RESULT = TypeAdapter(Result)
