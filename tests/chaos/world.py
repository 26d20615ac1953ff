"""A small network to book in: three hospitals by three clocks, nine doctors, days to come, patients by number.

It is built over HTTP, so that everything in it was acknowledged by the API and stands in the audit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

import httpx

ZONES = {"lisbon": "Europe/Lisbon", "kolkata": "Asia/Kolkata", "new-york": "America/New_York"}
"""One of them with an offset of half an hour: on the hour by its clock is not on the hour by UTC."""

SPECIALTIES = ("cardiology", "dermatology", "orthopaedics")

OPENS, CLOSES = 7, 20
STARTS, ENDS = 9, 17
"""When hospitals are open and doctors are there, by the hospital's clock."""

HOUR = timedelta(hours=1)
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Shift:
    """A day of a doctor's at a hospital: an availability from `STARTS` to `ENDS`."""

    doctor: str
    hospital: str
    day: str  # the hospital's local date, as ISO 8601

    def at(self, hour: int) -> str:
        """An hour of the day by the hospital's clock, as RFC 3339."""
        zone = ZoneInfo(ZONES[self.hospital])
        return datetime.combine(date.fromisoformat(self.day), time(hour), zone).isoformat()


@dataclass(frozen=True, slots=True)
class World:
    """What there is, by external ids."""

    doctors: dict[str, list[str]]  # and their specialties
    patients: list[str]
    shifts: list[Shift]

    @classmethod
    def build(cls, address: str, token: str, days: int = 10, patients: int = 30) -> Self:
        """Build it at an instance that has nothing of it yet; `days` of availabilities from the day after tomorrow on.

        Raises
        ------
        httpx.HTTPError
            where anything is refused.

        """
        world = cls(
            doctors={f"doctor-{number}": [SPECIALTIES[number // 3]] for number in range(9)},
            patients=[f"shared-{number}" for number in range(patients)],
            shifts=list(_shifts(days)),
        )
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
            for method, path, body in world._calls():
                client.request(method, path, json=body).raise_for_status()
        return world

    def _calls(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        hours = [{"opens": f"{OPENS:02}:00", "closes": f"{CLOSES:02}:00"}]
        for name, zone in ZONES.items():
            week = dict.fromkeys(_WEEK, hours)
            yield "POST", "/hospitals", {"external_id": name, "name": name, "timezone": zone, "operating_hours": week}
        for doctor, specialties in self.doctors.items():
            yield "PUT", f"/users/{doctor}", {"name": doctor, "role": "doctor", "specialties": specialties}
        for patient in self.patients:
            yield "PUT", f"/patients/{patient}", {"name": patient}
        for shift in self.shifts:
            ends = {"start": shift.at(STARTS), "end": shift.at(ENDS)}
            yield "POST", "/availabilities", {"doctor": shift.doctor, "hospital": shift.hospital, **ends}


def _shifts(days: int) -> Iterator[Shift]:
    """Every doctor every day at home, but for one of each hospital, who is at the next one on odd days."""
    places = list(ZONES)
    first = datetime.now(UTC).date() + timedelta(days=2)
    for day in range(days):
        for number in range(9):
            away = day % 2 and number < 3
            yield Shift(
                f"doctor-{number}", places[(number + bool(away)) % 3], (first + timedelta(days=day)).isoformat()
            )
