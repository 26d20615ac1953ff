"""What became of queued requests: counted from the API's answers, told in tables and in sentences."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.client import Json
from cli.output import print_section, table
from planner.plan import ConflictKind
from planner.problem import Priority

UNDECIDED = ("queued", "planning")
_STATUSES = ("booked", "conflict", "failed", "cancelled", *UNDECIDED)


@dataclass(frozen=True)
class Outcome:
    """The requests of a batch, as the API gave them."""

    requests: Sequence[Json]

    @cached_property
    def statuses(self) -> Mapping[tuple[str, str], int]:
        """How many requests of each (priority, status)."""
        return Counter((request["priority"], request["status"]) for request in self.requests)

    @cached_property
    def by_status(self) -> Mapping[str, int]:
        """How many requests of each status."""
        return Counter(request["status"] for request in self.requests)

    @cached_property
    def kinds(self) -> Mapping[str, int]:
        """How many conflicts of each kind."""
        return Counter(request["conflict"]["kind"] for request in self.requests if request.get("conflict"))

    @property
    def undecided(self) -> int:
        """How many requests nobody has decided yet."""
        return sum(self.by_status.get(status, 0) for status in UNDECIDED)

    def told_conflicts(self, most: int) -> Iterator[Json]:
        """Requests in conflict of different kinds, those that can be helped first."""
        seen: set[str] = set()
        conflicts = [request for request in self.requests if request.get("conflict")]
        for request in sorted(conflicts, key=_alternatives_offered, reverse=True):
            kind = request["conflict"]["kind"]
            if kind not in seen and len(seen) < most:
                seen.add(kind)
                yield request

    @property
    def summary(self) -> Mapping[str, Json]:
        """The counts, for programs."""
        return {
            "requests": len(self.requests),
            "by_status": dict(self.by_status),
            "by_priority": {
                priority: {status: self.statuses.get((priority, status), 0) for status in self._statuses_seen}
                for priority in Priority
            },
            "conflicts_by_kind": dict(self.kinds),
        }

    @property
    def _statuses_seen(self) -> list[str]:
        return [status for status in _STATUSES if status in ("booked", "conflict") or self.by_status.get(status)]

    def tables(self) -> Iterator[tuple[str, Table]]:
        """Outcomes by priority and status, and conflicts by kind, each with its title."""
        seen = self._statuses_seen
        made = table("priority", *seen, "all", right=(*seen, "all"))
        for priority in Priority:
            counts = [self.statuses.get((priority, status), 0) for status in seen]
            made.add_row(priority.value, *(f"{count:,}" for count in counts), f"{sum(counts):,}")
        totals = [self.by_status.get(status, 0) for status in seen]
        made.add_row("all", *(f"{count:,}" for count in totals), f"{len(self.requests):,}", style="bold")
        yield "Outcome", made
        if self.kinds:
            made = table("conflict", "requests", "", right=("requests",))
            for kind, about in _MEANING.items():
                if count := self.kinds.get(kind):
                    made.add_row(kind.value, f"{count:,}", about)
            yield "Why not", made


_MEANING: Mapping[ConflictKind, str] = {
    ConflictKind.HOSPITAL_CLOSED: "the hospital is closed then",
    ConflictKind.NO_AVAILABILITY: "no acceptable doctor is there then",
    ConflictKind.HOURS_TAKEN: "standing appointments hold every hour",
    ConflictKind.PATIENT_BUSY: "the patient is elsewhere then",
    ConflictKind.OUTCOMPETED: "requests of the same or a higher priority won the hours",
}


def print_tables(console: Console, outcome: Outcome) -> None:
    """Print the outcome's tables."""
    for title, made in outcome.tables():
        print_section(console, title, made)


def print_conflict(console: Console, request: Json) -> None:
    """Print why a request got no booking, and what could be had instead."""
    conflict = request["conflict"]
    console.print()
    console.print(Text(f"{conflict['kind']}  {request['priority']}", style="bold"))
    console.print(Padding(Text(conflict["message"]), (0, 0, 0, 2)))
    for alternative in conflict["alternatives"]:
        console.print(Padding(Text(f"could be had: {_told(alternative)}", style="green"), (0, 0, 0, 4)))
    if not conflict["alternatives"]:
        console.print(Padding(Text("No hour near it can be had as it stands.", style="dim"), (0, 0, 0, 4)))


def _alternatives_offered(request: Json) -> int:
    return len(request["conflict"]["alternatives"])


def _told(alternative: Json) -> str:
    gives_up = ", ".join(alternative["gives_up"])
    start = alternative["start"][:16].replace("T", " ")  # the hospital's own clock
    hour = f"{start} with {alternative['doctor']['name']}, {alternative['hospital']['name']}"
    return f"{hour} ({gives_up})" if gives_up else hour
