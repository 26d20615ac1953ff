"""What callers ask for in the network of `bench.schedules`: an hour within a week, with one of two doctors."""

import datetime as dt
from dataclasses import dataclass
from random import Random
from typing import Any

WEEK = 7


@dataclass(frozen=True, slots=True)
class Wishes:
    """Doctors `d0` … and patients `p0` …, those of number n at the hospital of number n modulo `hospitals`.

    So hospitals share nobody. Hours are asked for on the `days` from `first` on, an ISO date.
    """

    doctors: int
    patients: int
    hospitals: int
    days: int
    first: str

    def draw(self, random: Random) -> dict[str, Any]:  # Any: a booking request, as JSON
        """A booking request."""
        doctor = random.randrange(self.doctors)
        hospital = doctor % self.hospitals
        earliest = self._day(random, WEEK)
        return {
            "patient": f"p{hospital + self.hospitals * random.randrange(self.patients // self.hospitals)}",
            "doctors": [f"d{doctor}", f"d{(doctor + self.hospitals) % self.doctors}"],
            "hospitals": [f"h{hospital}"],
            "priority": random.choice(("urgent", "soon", "routine", "routine")),
            "earliest": f"{earliest}T00:00:00Z",
            "latest": f"{earliest + dt.timedelta(days=WEEK)}T00:00:00Z",
        }

    def glance(self, random: Random) -> str:
        """The address of a day's schedule."""
        return f"/schedule?hospital=h{random.randrange(self.hospitals)}&date={self._day(random, 1)}"

    def _day(self, random: Random, length: int) -> dt.date:
        return dt.date.fromisoformat(self.first) + dt.timedelta(days=random.randrange(self.days - length + 1))
