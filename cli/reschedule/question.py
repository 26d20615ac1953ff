"""What the demo asks: what would happen if the busiest doctor were away on their busiest day."""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Console

from cli.client import Api, Json
from cli.reschedule.job import Job, ask, follow
from cli.reschedule.telling import headline, sentences
from models.hours import instant_of

_PATIENCE = 60.0  # seconds for the answer
_LATELY = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Answered:
    """The question as it was answered: `expected` appointments lie on the day that it is about."""

    job: Job
    expected: int
    page: str

    @property
    def for_programs(self) -> Json:
        """The answer as JSON."""
        return {"page": self.page, **self.job.for_programs}

    def tell(self, console: Console) -> None:
        """Tell it in a few lines."""
        console.print("\n[bold]What if?[/]")
        told = [headline(self.job.told, self.job.appointments), *sentences(self.job)]
        for sentence in told:
            console.print(f"  {sentence}", markup=False, soft_wrap=True)
        console.print(f"  {self.page}", soft_wrap=True)

    def contradictions(self) -> Iterator[str]:
        """Every way in which the answer contradicts itself or the schedule."""
        told, counts = self.job.told, self.job.told["counts"]
        if told["status"] != "proposed":
            yield f"the question {told['id']} is {told['status']}"
        elif counts["displaced"] != self.expected:
            yield f"{self.expected} appointments are on that day, and {counts['displaced']} of them displaced"
        elif counts["placed"] != len(self.job.moves) or counts["unplaced"] != len(self.job.left_over):
            yield f"the question {told['id']} counts {counts}, and its appointments are others"


def ask_about_the_busiest(api: Api, monday: date) -> Answered:
    """Ask what would happen if the doctor with the fullest day of a week were away on it, and wait for the answer.

    Another doctor of the specialty may take over. Of several such days it is the first, of several doctors the first by
    their external ids.
    """
    days: dict[tuple[date, str], list[Json]] = defaultdict(list)
    week = {"status": "booked", "from": monday.isoformat(), "to": (monday + _LATELY).isoformat()}
    for each in api.items("/appointments", week):
        days[datetime.fromisoformat(each["start"]).date(), each["doctor"]["external_id"]].append(each)
    day, doctor = min(days, key=lambda found: (-len(days[found]), found))
    zone = ZoneInfo(days[day, doctor][0]["hospital"]["timezone"])
    start, end = (instant_of(day + timedelta(days=more), 0, zone).isoformat() for more in (0, 1))
    body = {
        "cause": "doctor_unavailable",
        "what_if": True,
        "scope": {"doctors": [doctor], "start": start, "end": end},
        "policy": {"same_doctor": False},
    }
    deadline = time.monotonic() + _PATIENCE
    job = follow(api, ask(api, body)["id"], give_up=lambda: time.monotonic() > deadline)
    return Answered(job, len(days[day, doctor]), f"{api.address}/app/reschedules/{job.id}")
