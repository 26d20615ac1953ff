"""An hour that was kept for an appointment left standing goes with it, whichever way it goes."""

import uuid

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.appointments import book_appointments, change_status
from models.availabilities import change_availability, create_availabilities
from models.base import period
from models.faults import Refused
from models.inputs import AppointmentMove
from models.moving import move_appointment
from models.rescheduling import leftovers
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.inputs import Policy
from models.rescheduling.jobs import discard_reschedule
from models.rescheduling.others import read_others
from models.rescheduling.tables import Cause, Reschedule
from models.rescheduling.undoing import undo_reschedule
from models.schedule import AppointmentStatus, Availability
from planner.problem import Period
from tests.models.network import NOW, at, availability
from tests.models.proposals import away, booking, picture, propose, told
from tests.workers.waiting import while_blocked

WEDNESDAY = (at("09:00", day=2), at("12:00", day=2))


class Left:
    """Doctor 1, away on Tuesday and in Lisbon on Wednesday, still has patient 1 on Tuesday at 10."""

    def __init__(self, session: Session, network) -> None:
        self.session, self.network = session, network
        create_availabilities(session, [availability("d1", at("09:00"), at("12:00")), availability("d1", *WEDNESDAY)])
        [self.appointment] = book_appointments(session, [booking("p1", "d1", at("10:00"))], NOW)
        self.job = away(session, {})
        session.commit()

    def apply(self) -> "Left":
        apply_reschedule(self.session, self.job, None, NOW)
        self.session.commit()
        return self

    @property
    def kept(self) -> uuid.UUID:
        hour = Availability.during.contained_by(period(at("10:00"), at("11:00")))
        return self.session.scalars(select(Availability.id).where(hour)).one()

    def hours(self) -> list:
        self.session.commit()
        rows = self.session.scalars(select(Availability.during).order_by(Availability.during))
        return [(each.lower, each.upper) for each in rows]

    def proposed(self, places, **values) -> uuid.UUID:
        """Another reschedule, of this appointment."""
        scope = {"appointments": [self.appointment]}
        return propose(self.session, places, Cause.APPOINTMENTS, **scope, **values)

    def wednesday(self, clock: str):
        return (self.network.doctors[0], self.network.lisbon, at(clock, day=2))


@pytest.fixture
def left(session, network) -> Left:
    return Left(session, network).apply()


def cancelled(left):
    change_status(left.session, left.appointment, AppointmentStatus.CANCELLED)


def completed(left):
    change_status(left.session, left.appointment, AppointmentStatus.COMPLETED)


def missed(left):
    change_status(left.session, left.appointment, AppointmentStatus.NO_SHOW)


def moved(left):
    move_appointment(left.session, left.appointment, AppointmentMove(start=at("09:00", day=2)), None, NOW)


def rescheduled(left):
    apply_reschedule(left.session, left.proposed({left.appointment: left.wednesday("09:00")}), None, NOW)


def cancelled_by_a_reschedule(left):
    job = left.proposed({}, policy=Policy(notice_hours=0, cancel_unplaced=True))
    apply_reschedule(left.session, job, None, NOW)


def made_room(left):
    """Another reschedule, in whose lost hours it does not stand, moves it."""
    places = {left.appointment: left.wednesday("09:00")}
    scope = {"doctors": ["d1"], "start": at("11:00", day=2), "end": at("12:00", day=2)}
    apply_reschedule(left.session, propose(left.session, places, **scope), None, NOW)


@pytest.mark.parametrize(
    "goes", [cancelled, completed, missed, moved, rescheduled, cancelled_by_a_reschedule, made_room]
)
def test_its_hour_goes_with_it(left, goes):
    kept = left.kept
    goes(left)
    assert all(start >= WEDNESDAY[0] for start, _ in left.hours())
    assert {"availability": str(kept), "hospital": str(left.network.lisbon)} in told(
        left.session, "availability.withdrawn"
    )


def test_it_stays_while_the_appointment_stands_there(left):
    move_appointment(left.session, left.appointment, AppointmentMove(start=at("10:00")), None, NOW)
    assert left.hours() == [(at("10:00"), at("11:00")), WEDNESDAY]


def test_a_move_that_is_refused_leaves_it(left):
    with pytest.raises(Refused), left.session.begin_nested():
        move_appointment(left.session, left.appointment, AppointmentMove(start=at("12:00", day=2)), None, NOW)
    assert left.hours() == [(at("10:00"), at("11:00")), WEDNESDAY]


def test_nobody_has_it_make_room_since_its_hour_is_nobody_elses(session, network):
    left = Left(session, network)

    def may_move() -> bool:
        policy, days = Policy(others_move=True), Period(NOW, at("00:00", day=9))
        job = Reschedule(id=uuid.uuid4())
        return left.appointment in read_others(session, job, policy, days, NOW, network.doctors, [])

    discard_reschedule(session, left.job, None, NOW)
    assert may_move()
    left.job = away(session, {})
    left.apply()
    assert not may_move()


def test_where_the_doctor_is_back_it_is_an_availability_like_others(left):
    change_availability(left.session, left.kept, at("09:00"), at("12:00"), None)
    cancelled(left)
    assert left.hours() == [(at("09:00"), at("12:00")), WEDNESDAY]


def test_once_the_reschedule_is_undone_it_is_part_of_what_there_was(left):
    undo_reschedule(left.session, left.job, None, NOW)
    cancelled(left)
    assert left.hours() == [(at("09:00"), at("12:00")), WEDNESDAY]


def test_undoing_the_reschedule_that_moved_it_brings_its_hour_back_with_it(left):
    before = picture(left.session)
    job = left.proposed({left.appointment: left.wednesday("09:00")})
    apply_reschedule(left.session, job, None, NOW)
    undo_reschedule(left.session, job, None, NOW)
    assert picture(left.session) == before
    cancelled(left)
    assert left.hours() == [WEDNESDAY]


def cancelling_while_it_is_applied(engine, left) -> list:
    """The hours that are left where somebody cancels, who has looked before it was left standing and waits since."""

    def cancel() -> None:
        with Session(engine) as session, session.begin():
            change_status(session, left.appointment, AppointmentStatus.CANCELLED)

    apply_reschedule(left.session, left.job, None, NOW)
    while_blocked(engine, cancel, left.session.commit)
    return left.hours()


def test_who_cancels_while_it_is_left_standing_takes_the_hour_along(engine, session, network):
    left = Left(session, network)
    assert cancelling_while_it_is_applied(engine, left) == [WEDNESDAY]


def test_without_looking_again_the_hour_would_stay(engine, session, network, monkeypatch):
    """The negative control of the test above."""
    left = Left(session, network)
    found_before = leftovers.kept_for([])
    monkeypatch.setattr(leftovers, "kept_for", lambda _appointments: found_before)
    assert cancelling_while_it_is_applied(engine, left) == [(at("10:00"), at("11:00")), WEDNESDAY]
