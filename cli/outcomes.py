"""What became of queued requests: counted from the API's answers, told in tables and in sentences."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
        return Counter(request["conflict"]["kind"] for request in self.requests if request["conflict"])

    @property
    def undecided(self) -> int:
        """How many requests nobody has decided yet."""
        return sum(self.by_status.get(status, 0) for status in UNDECIDED)

    def told_conflicts(self, most: int) -> list[Json]:
        """One request of each kind of conflict, the one that can be helped best; the least obvious kinds first."""
        best: dict[str, Json] = {}
        for request in self.requests:
            if request["conflict"]:
                kind = request["conflict"]["kind"]
                best[kind] = max(best.get(kind, request), request, key=_alternatives_offered)
        return [best[kind] for kind in reversed(ConflictKind) if kind in best][:most]

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


def print_conflict(console: Console, request: Json, outcome: Outcome) -> None:
    """Print what a request asked for, why it got no booking, and what could be had instead."""
    conflict = request["conflict"]
    console.print()
    console.print(Text(conflict["kind"].replace("_", " ").capitalize(), style="bold"))
    _print_indented(console, f"{_wish(request)} {_with_lines(conflict['message'], outcome)}", 2)
    for alternative in conflict["alternatives"]:
        hour = f"{_clock(alternative['start'])} with {alternative['doctor']['name']}, {alternative['hospital']['name']}"
        _print_indented(console, f"Could be had: {hour}", 4, "green")
        if alternative["gives_up"]:
            _print_indented(console, f"gives up {'; '.join(alternative['gives_up'])}", 6, "dim")
    if not conflict["alternatives"]:
        _print_indented(console, "Nothing near it could be had as the schedule stands.", 4, "dim")


def _print_indented(console: Console, text: str, columns: int, style: str = "") -> None:
    console.print(Padding(Text(text, style), (0, 0, 0, columns), expand=False))


def _wish(request: Json) -> str:
    """What a request asked for, as a sentence."""
    whom = _names(request["doctors"]) or (
        f"any doctor of {request['specialty']}" if request["specialty"] else "any doctor"
    )
    where = f" at {_names(request['hospitals'])}" if request["hospitals"] else ""
    return f"{request['patient']['name']} ({request['priority']}) asked for {whom}{where}."


def _names(named: Sequence[Json] | None) -> str:
    return " or ".join(each["name"] for each in named or ())


def _clock(instant: str) -> str:
    """An instant by the clock of the offset that it is written in."""
    return f"{datetime.fromisoformat(instant):%a %d %b %H:%M}"


def _with_lines(message: str, outcome: Outcome) -> str:
    """A message that calls other requests by their lines; who they are for is nobody else's business."""
    for other in outcome.requests:
        message = message.replace(other["id"], f"request {other['batch_line']} ({other['priority']})")
    return message


def _alternatives_offered(request: Json) -> int:
    return len(request["conflict"]["alternatives"])
