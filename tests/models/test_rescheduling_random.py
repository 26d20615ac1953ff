"""Random schedules: applying does exactly what is proposed, nothing else; undoing restores every row."""

import datetime as dt
import uuid
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.appointments import book_appointments
from models.availabilities import create_availabilities
from models.base import ends
from models.hospitals import Opening
from models.inputs import HoursIn, Weekday
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.inputs import Policy
from models.rescheduling.tables import Cause
from models.rescheduling.undoing import undo_reschedule
from models.schedule import Appointment, AppointmentStatus, Availability
from planner.problem import HOUR
from tests.models.network import NOW, Network, at, availability
from tests.models.proposals import booking, picture, propose

QUARTER = dt.timedelta(minutes=15)
PLACES = {"lis": "+00:00", "del": "+05:30"}
HOURS = st.integers(9, 16)
DAYS = st.integers(1, 3)


@dataclass(frozen=True)
class Slot:
    """A doctor's hour: the number of the doctor, the hospital, the day of December and the hour by its clock."""

    doctor: int
    hospital: str
    day: int
    hour: int

    @property
    def start(self) -> dt.datetime:
        return at(f"{self.hour:02}:00", day=self.day, offset=PLACES[self.hospital])


def slots() -> st.SearchStrategy[Slot]:
    return st.builds(Slot, st.integers(1, 2), st.sampled_from(sorted(PLACES)), DAYS, HOURS)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[list[Slot], dict[str, Slot]]:
    """Hours in which the doctors are there, in one place at a time, and those that the patients have."""
    there: list[Slot] = []
    for slot in draw(st.lists(slots(), min_size=6, max_size=24, unique=True)):
        if all(slot.doctor != each.doctor or abs(slot.start - each.start) >= HOUR for each in there):
            there.append(slot)
    had: list[tuple[str, Slot]] = []
    for slot in there:
        patient = draw(st.sampled_from(["", "p1", "p2"]))
        if patient and all(patient != who or abs(slot.start - each.start) >= HOUR for who, each in had):
            had.append((patient, slot))
    return there, had


@st.composite
def losses(draw: st.DrawFn) -> tuple[Cause, dict]:
    cause = draw(st.sampled_from([each for each in Cause if each is not Cause.APPOINTMENTS]))
    start = at("06:00") + draw(st.integers(0, 200)) * QUARTER
    period = {"start": start, "end": start + draw(st.integers(1, 150)) * QUARTER}
    hospital = {"hospital": draw(st.sampled_from(sorted(PLACES)))}
    doctors = {"doctors": draw(st.lists(st.sampled_from(["d1", "d2"]), min_size=1, unique=True))}
    if cause is Cause.HOURS_CHANGED:
        opens, length = draw(st.integers(6, 15)), draw(st.integers(1, 6))
        day = [HoursIn(opens=f"{opens:02}:00", closes=f"{opens + length:02}:30")]
        return cause, hospital | {"operating_hours": dict.fromkeys(draw(st.sets(st.sampled_from(list(Weekday)))), day)}
    named = {Cause.DOCTOR_UNAVAILABLE: doctors, Cause.HOSPITAL_CLOSED: hospital, Cause.ROOM: hospital | doctors}
    return cause, period | named[cause]


class World:
    """A random schedule in the database, and what is to be lost of it."""

    def __init__(self, session: Session, network: Network, there: list[Slot], had: list[tuple[str, Slot]]) -> None:
        self.session = session
        self.ids = {"lis": network.lisbon, "del": network.delhi}
        self.doctors = dict(enumerate(network.doctors, 1))
        rows = [availability(f"d{each.doctor}", each.start, each.start + HOUR, each.hospital) for each in there]
        create_availabilities(session, rows)
        self.there = there
        wishes = [booking(patient, f"d{slot.doctor}", slot.start, slot.hospital) for patient, slot in had]
        ids = book_appointments(session, wishes, NOW)
        self.had = {id_: (patient, slot) for id_, (patient, slot) in zip(ids, had, strict=True)}

    def place(self, slot: Slot) -> tuple[uuid.UUID, uuid.UUID, dt.datetime]:
        return (self.doctors[slot.doctor], self.ids[slot.hospital], slot.start)

    def cells(self, table) -> set:
        """The quarters of hours that availabilities or openings cover, with whose they are."""
        self.session.flush()
        rows = self.session.execute(select(table).execution_options(populate_existing=True)).scalars()
        return {
            (getattr(row, "doctor_id", None), row.hospital_id, cell)
            for row in rows
            for cell in quarters(*ends(row.during))
        }

    def lost(self, cause: Cause, scope: dict) -> "Lost":
        return Lost(self, cause, scope)


def quarters(start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
    return [start + step * QUARTER for step in range(-(-(end - start) // QUARTER))]


class Lost:
    """What is lost, worked out by quarters of hours."""

    def __init__(self, world: World, cause: Cause, scope: dict) -> None:
        self.world, self.cause, self.scope = world, cause, scope

    def __call__(self, doctor, hospital, cell) -> bool:
        if self.cause is Cause.HOURS_CHANGED:
            return hospital == self._hospital and not self._open_anew(cell)
        who = self.scope.get("doctors")
        mine = who is None or doctor is None or doctor in [self.world.doctors[int(each[1])] for each in who]
        here = self._hospital in (None, hospital)
        return mine and here and self.scope["start"] < cell + QUARTER and cell < self.scope["end"]

    @property
    def _hospital(self):
        return self.world.ids.get(self.scope.get("hospital"))

    def _open_anew(self, cell) -> bool:
        local = cell.astimezone(
            dt.timezone(dt.timedelta(hours=5, minutes=30)) if self.scope["hospital"] == "del" else dt.UTC
        )
        day = self.scope["operating_hours"].get(list(Weekday)[local.weekday()], [])
        return any(each.opens <= f"{local:%H:%M}" < each.closes for each in day)

    def hits(self, slot: Slot) -> bool:
        doctor, hospital, start = self.world.place(slot)
        return any(self(doctor, hospital, cell) for cell in quarters(start, start + HOUR))


def proposal(draw, world: World, lost: Lost) -> dict[uuid.UUID, Slot]:
    """Random new hours, of the displaced and of a few others, that no rule stands against."""
    now = {id_: slot for id_, (_, slot) in world.had.items()}
    moved: dict[uuid.UUID, Slot] = {}
    free = [slot for slot in world.there if not lost.hits(slot)]
    for id_ in draw(st.permutations(sorted(world.had))):
        if not lost.hits(world.had[id_][1]) and not draw(st.booleans()):
            continue
        for slot in draw(st.permutations(free)):
            others = [(world.had[other][0], each) for other, each in now.items() if other != id_]
            patient = world.had[id_][0]
            if slot != now[id_] and all(
                abs(slot.start - each.start) >= HOUR or (slot.doctor != each.doctor and patient != who)
                for who, each in others
            ):
                now[id_] = moved[id_] = slot
                break
    return {id_: slot for id_, slot in moved.items() if slot != world.had[id_][1]}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), schedules(), losses(), st.booleans())
def test_exactly_what_is_proposed_is_done_and_undone(session, network, data, schedule, loss, cancel):
    with session.begin_nested() as nothing:
        world = World(session, network, *schedule)
        lost = world.lost(*loss)
        places = proposal(data.draw, world, lost)
        before, there, opened = picture(session), world.cells(Availability), world.cells(Opening)
        policy = Policy(notice_hours=0, cancel_unplaced=cancel)
        moves = {id_: world.place(slot) for id_, slot in places.items()}
        job = propose(session, moves, loss[0], policy=policy, **loss[1])
        apply_reschedule(session, job, None, NOW)

        displaced = {id_ for id_, (_, slot) in world.had.items() if lost.hits(slot)}
        left = set() if cancel else displaced - places.keys()
        kept = set()
        for id_, (_, slot) in world.had.items():
            row = session.get_one(Appointment, id_, populate_existing=True)
            gone = cancel and id_ in displaced - places.keys()
            assert row.status is (AppointmentStatus.CANCELLED if gone else AppointmentStatus.BOOKED)
            assert (row.doctor_id, row.hospital_id, ends(row.during)[0]) == world.place(places.get(id_, slot))
            assert row.version == (2 if gone or id_ in places else 1)
            if id_ in left:
                doctor, hospital, start = world.place(slot)
                kept |= {(doctor, hospital, cell) for cell in quarters(start, start + HOUR)}
        assert world.cells(Availability) == {each for each in there if not lost(*each)} | kept
        closes = loss[0] in (Cause.HOSPITAL_CLOSED, Cause.HOURS_CHANGED)
        still_open = {each for each in opened if not (closes and lost(*each))}
        assert still_open | {(None, hospital, cell) for _, hospital, cell in kept} <= world.cells(Opening)
        if loss[0] is not Cause.HOURS_CHANGED:
            assert world.cells(Opening) == still_open | {(None, hospital, cell) for _, hospital, cell in kept}

        undo_reschedule(session, job, None, NOW)
        assert picture(session) == before
        nothing.rollback()
