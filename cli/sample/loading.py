"""The sample network into a database, where it is not there already."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cli.files.storing import Store
from cli.output import Stop
from cli.sample.calendar import Calendar
from cli.sample.dates import next_monday
from cli.sample.exports import as_bundle
from cli.sample.network import CLOCKS, FIRST_HOSPITAL, WEEKS
from models.booking import BookingBatch
from models.files.bundle import HoursRow
from models.files.kinds import Kind
from models.files.places import JsonOrigin
from models.hospitals import Hospital
from models.people import Role, User
from models.schedule import Availability

_ROUNDS = 2
"""How many rounds of requests leave hours to be had in three weeks."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The sample that is in the database; `rows` were added now, by kind (none: it was there).

    `round` counts the batches of requests for its weeks, the one to be queued under `label` now included.
    """

    calendar: Calendar
    rows: dict[Kind, int]
    round: int

    @property
    def label(self) -> str:
        """What batches of requests for these weeks are called."""
        return _label(self.calendar.monday)


def ensure_sample(session: Session, seed: int, now: datetime) -> Loaded:
    """Load the sample, unless it is there, all of its weeks lie ahead and they are not full yet.

    Otherwise the same network goes on after them: the same people, three weeks more.

    Raises
    ------
    Stop
        where the database holds anything else.

    """
    _refuse_others(session, seed)
    loaded, soonest = _newest_monday(session), next_monday(now)
    rounds = _rounds(session, loaded) if loaded else 0
    if loaded and loaded >= soonest and rounds < _ROUNDS:
        return Loaded(Calendar(seed, loaded), {}, rounds + 1)
    calendar = Calendar(seed, max(soonest, loaded + timedelta(weeks=WEEKS)) if loaded else soonest)
    bundle = as_bundle(calendar)
    if loaded:  # the hospitals are there, and only the exceptions of the new weeks are new about them
        hours = [HoursRow(hospital=place.external_id or "", exceptions=place.exceptions) for place in bundle.hospitals]
        bundle = replace(bundle, hospitals=(), hours=hours)
    origins = {
        kind: [JsonOrigin("sample", f"{kind}[{row}]") for row in range(len(rows))]
        for kind, rows in bundle.by_kind.items()
    }
    stored = Store(session, now).write(bundle, origins)
    if stored.faults:
        told = "; ".join(f"{fault.where}: {fault.message}" for fault in stored.faults[:3])
        raise RuntimeError(f"The sample breaks {len(stored.faults)} rules: {told}")
    return Loaded(calendar, stored.rows, 1)


def _label(monday: date) -> str:
    return f"Sample requests, from {monday}"


def _rounds(session: Session, monday: date) -> int:
    """How often requests for the weeks from a Monday have been queued."""
    batches = select(func.count()).select_from(BookingBatch).where(BookingBatch.label == _label(monday))
    return session.execute(batches).scalar_one()


def _newest_monday(session: Session) -> date | None:
    """The Monday of the newest three weeks that are loaded. Every hospital sees patients in the last of them."""
    newest = session.scalar(
        select(func.max(func.lower(Availability.during)))
        .join(Hospital, Hospital.id == Availability.hospital_id)
        .where(Hospital.external_id == FIRST_HOSPITAL)
    )
    if newest is None:
        return None
    day: date = newest.astimezone(ZoneInfo(CLOCKS["SA"])).date()
    return day - timedelta(days=day.isoweekday() - 1, weeks=WEEKS - 1)


def _refuse_others(session: Session, seed: int) -> None:
    """Keep out of databases that hold somebody's own network, or the sample of another seed."""
    calendar = Calendar(seed, next_monday())
    ours = {place.id for place in calendar.hospitals} | {doctor.name for doctor in calendar.doctors}
    hospitals = session.scalars(select(Hospital.external_id))
    doctors = session.scalars(select(User.name).where(User.role == Role.DOCTOR))
    if others := {*hospitals, *doctors} - ours:
        raise Stop(
            f"The database holds more than the sample of seed {seed} ({min(others)}, for one). "
            "The demo keeps to a database of its own: leave DATABASE_URL unset, or name another folder with --data."
        )
