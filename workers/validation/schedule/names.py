"""What doctors and hospitals are called, and what the hospitals' clocks show."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.validation.clocks import Place, zone_of
from planner.instants import instant
from planner.verify.hours import Clock
from workers.validation.wording import by_clock

_HOSPITALS = text("SELECT id, name, timezone FROM hospital WHERE id = ANY(:ids)")
_DOCTORS = text("SELECT id, name FROM app_user WHERE id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class Names:
    """Hospitals and doctors that exist, by id. A hospital whose `timezone` is empty has none that Python knows."""

    hospitals: Mapping[UUID, Place]
    doctors: Mapping[UUID, str]

    @classmethod
    def of(cls, session: Session, hospitals: Collection[UUID], doctors: Collection[UUID] = ()) -> "Names":
        """What there is of these. A database that breaks its rules may have rows without a name or a zone."""
        places = session.execute(_HOSPITALS, {"ids": list(hospitals)})
        people = session.execute(_DOCTORS, {"ids": list(doctors)})
        return cls(
            {row.id: Place(row.id, row.name or str(row.id), _known(row.timezone)) for row in places},
            {row.id: row.name or str(row.id) for row in people},
        )

    def hospital(self, id_: UUID) -> str:
        return self.hospitals[id_].name if id_ in self.hospitals else f"the unknown hospital {id_}"

    def doctor(self, id_: UUID) -> str:
        return self.doctors.get(id_, f"the unknown doctor {id_}")

    def timezone(self, hospital: UUID) -> str | None:
        """The zone of a hospital's clock; None where nobody knows."""
        return (self.hospitals[hospital].timezone or None) if hospital in self.hospitals else None

    def when(self, us: int, hospital: UUID) -> str:
        """An instant (microseconds) by a hospital's clock: `Tue 1 Dec 2026 10:00 (Europe/Lisbon)`."""
        try:
            return by_clock(instant(us), self.timezone(hospital))
        except OverflowError:
            return "a time that no calendar has"


class Clocks:
    """The clocks of time zones, made once: they remember what they were asked."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.all: list[Clock] = []

    def number(self, timezone: str | None) -> int:
        """Which of `all` is the clock of a zone; -1 for none."""
        if timezone is None:
            return -1
        if timezone not in self._numbers:
            self._numbers[timezone] = len(self.all)
            self.all.append(Clock(timezone))
        return self._numbers[timezone]


def _known(timezone: str | None) -> str:
    return zone.key if (zone := zone_of(timezone)) else ""
