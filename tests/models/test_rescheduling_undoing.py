"""What was applied is undone whole, as long as nobody has built upon it; otherwise everything is named."""

import uuid

import pytest
from sqlalchemy import select, text

from models.appointments import book_appointments, change_status
from models.availabilities import change_availability, create_availabilities, withdraw_availability
from models.faults import Refusal, Refused
from models.hours import set_exception, set_operating_hours
from models.inputs import AppointmentMove, ExceptionIn, Weekday
from models.moving import move_appointment
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.inputs import Policy
from models.rescheduling.tables import Cause, FormerHour, Reschedule, RescheduleStatus
from models.rescheduling.undoing import undo_reschedule
from models.rescheduling.writing import ScheduleChanged
from models.schedule import Appointment, AppointmentStatus, Availability
from tests.models.network import EVERY_DAY, NOW, at, availability
from tests.models.proposals import away, booking, picture, propose, told

CANCEL = Policy(notice_hours=0, cancel_unplaced=True)


@pytest.fixture
def stage(session, network):
    """Doctor 1 is in Lisbon on Tuesday and Wednesday from 9 to 12: patient 1 on Tuesday at 9, patient 2 at 10."""
    return Stage(session, network)


class Stage:
    def __init__(self, session, network) -> None:
        self.session, self.network = session, network
        days = [availability("d1", at("09:00", day=day), at("12:00", day=day)) for day in (1, 2)]
        self.tuesday, self.wednesday = create_availabilities(session, days)
        rows = [booking("p1", "d1", at("09:00")), booking("p2", "d1", at("10:00"))]
        self.first, self.second = book_appointments(session, rows, NOW)
        session.commit()
        self.before = picture(session)

    def place(self, clock: str, day: int = 2):
        return (self.network.doctors[0], self.network.lisbon, at(clock, day=day))

    def applied(self, cause=None, places=None, **values) -> uuid.UUID:
        """An applied job that moves patient 1 to Wednesday at 9."""
        places = {self.first: self.place("09:00")} if places is None else places
        job = propose(self.session, places, cause, **values) if cause else away(self.session, places, **values)
        apply_reschedule(self.session, job, None, NOW)
        self.session.commit()
        return job

    def undo(self, job, now=NOW) -> None:
        undo_reschedule(self.session, job, None, now)
        self.session.commit()
        self.session.expire_all()

    def refused(self, job, now=NOW) -> list[tuple[str, str]]:
        """The codes and the values of what undoing is refused for; and that it has changed nothing."""
        self.session.commit()
        before = picture(self.session)
        with pytest.raises(ScheduleChanged) as refused:
            undo_reschedule(self.session, job, None, now)
        self.session.rollback()
        assert picture(self.session) == before
        first, *others = refused.value.faults
        assert (refused.value.refusal, first.code) == (Refusal.CLASH, "schedule_changed")
        return [(fault.code, fault.value) for fault in others]


@pytest.mark.parametrize("policy", [CANCEL, Policy(notice_hours=0)])
def test_everybody_is_back_and_what_was_withdrawn_is_there_again(stage, policy):
    job = stage.applied(policy=policy)
    stage.undo(job)
    assert picture(stage.session) == stage.before
    assert stage.session.get_one(Reschedule, job).status is RescheduleStatus.UNDONE


def test_the_hours_of_a_hospital_are_as_they_were(stage):
    set_exception(
        stage.session, stage.network.lisbon, ExceptionIn(date=at("09:00", day=9).date(), reason="Staff day"), NOW
    )
    before = picture(stage.session)
    closed = {"hospital": "lis", "start": at("09:30"), "end": at("15:00", day=9)}
    stage.undo(stage.applied(Cause.HOSPITAL_CLOSED, {}, **closed))
    assert picture(stage.session) == before
    week = EVERY_DAY | {Weekday.MONDAY: [], Weekday.TUESDAY: []}
    stage.undo(stage.applied(Cause.HOURS_CHANGED, {}, hospital="lis", operating_hours=week))
    assert picture(stage.session) == before


def test_everybody_is_told_and_the_history_goes_on(stage):
    job = stage.applied(policy=CANCEL)
    stage.undo(job)
    back, [again] = told(stage.session, "appointment.moved")[1:], told(stage.session, "appointment.booked")[2:]
    assert [(each["appointment"], each["version"], each["start"]) for each in back] == [
        (str(stage.first), 3, at("09:00").isoformat())
    ]
    assert (again["appointment"], again["version"], again["reschedule"]) == (str(stage.second), 3, str(job))
    assert told(stage.session, "reschedule.undone") == [{"reschedule": str(job)}]
    hours = stage.session.scalars(select(FormerHour).order_by(FormerHour.id)).all()
    assert [each.during.lower for each in hours] == [at("09:00"), at("09:00", day=2)]


def test_only_what_is_applied_is_undone_and_only_once(stage):
    job = away(stage.session, {})
    with pytest.raises(Refused) as refused:
        undo_reschedule(stage.session, job, None, NOW)
    assert [fault.code for fault in refused.value.faults] == ["reschedule_not_applied"]
    apply_reschedule(stage.session, job, None, NOW)
    with pytest.raises(Refused) as refused:
        undo_reschedule(stage.session, job, 1, NOW)
    assert refused.value.refusal is Refusal.STALE
    stage.undo(job)
    with pytest.raises(Refused) as refused:
        undo_reschedule(stage.session, job, None, NOW)
    assert [fault.value for fault in refused.value.faults] == ["undone"]


def test_more_availabilities_than_a_statement_takes_parameters(stage):
    job = stage.applied()
    row, tuesday = stage.session.get_one(Reschedule, job), str(stage.tuesday)
    (piece,) = [each for each in row.changes["before"] if each["id"] == tuesday]
    many = [piece | {"id": str(uuid.uuid4())} for _ in range(65_536)]
    row.changes = row.changes | {"after": many}
    found = stage.refused(job)
    assert {each["id"] for each in many} == {value for code, value in found if code == "availability_changed_since"}


def test_one_that_was_left_and_is_gone_since_stays_as_it_is(stage):
    job = stage.applied()
    change_status(stage.session, stage.second, AppointmentStatus.CANCELLED)
    stage.undo(job)
    assert stage.session.get_one(Appointment, stage.second).status is AppointmentStatus.CANCELLED
    assert picture(stage.session).availabilities == stage.before.availabilities


def test_two_that_were_applied_one_upon_the_other_are_undone_the_other_way_round(stage):
    one, two = (
        stage.applied(Cause.DOCTOR_UNAVAILABLE, places, doctors=["d1"], start=at(start), end=at(end))
        for places, start, end in (
            ({stage.first: stage.place("09:00")}, "09:00", "10:00"),
            ({stage.second: stage.place("10:00")}, "10:00", "11:00"),
        )
    )
    assert stage.refused(one) == [("availability_changed_since", str(stage.tuesday))]
    stage.undo(two)
    stage.undo(one)
    assert picture(stage.session) == stage.before


def test_one_that_was_left_and_has_been_moved_by_another_reschedule_stays_there(stage):
    job = stage.applied()
    places = {stage.second: stage.place("10:00")}
    stage.applied(Cause.APPOINTMENTS, places, appointments=[stage.second])
    stage.undo(job)
    assert stage.session.get_one(Appointment, stage.second).during.lower == at("10:00", day=2)
    assert picture(stage.session).availabilities == stage.before.availabilities


def test_what_another_reschedule_holds_is_not_moved_back_under_its_hands(stage):
    job = stage.applied()
    other = propose(stage.session, {}, doctors=["d1"], start=at("09:00", day=2), end=at("12:00", day=2))
    assert stage.refused(job) == [("appointment_held", str(other))]


def cancel(stage):
    change_status(stage.session, stage.first, AppointmentStatus.CANCELLED)


def move(stage):
    move_appointment(stage.session, stage.first, AppointmentMove(start=at("10:00", day=2)), None, NOW)


def book_cancelled_again(stage):
    stage.session.execute(text("UPDATE appointment SET status = 'no_show' WHERE status = 'cancelled'"))


def occupy_the_patient(stage):
    create_availabilities(stage.session, [availability("d2", at("09:00"), at("10:00"))])
    book_appointments(stage.session, [booking("p1", "d2", at("09:00"))], NOW)


def occupy_the_doctor(stage):
    create_availabilities(stage.session, [availability("d1", at("09:00"), at("10:00"))])
    book_appointments(stage.session, [booking("p2", "d1", at("09:00"))], NOW)


def add_an_availability(stage):
    create_availabilities(stage.session, [availability("d1", at("11:00"), at("14:00"))])


def close_the_hospital(stage):
    set_exception(stage.session, stage.network.lisbon, ExceptionIn(date=at("09:00").date()), NOW)


def let_the_doctor_leave(stage):
    stage.session.execute(text("UPDATE app_user SET active = false WHERE external_id = 'd1'"))


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (cancel, {"appointment_ended"}),
        (move, {"appointment_moved"}),
        (book_cancelled_again, {"appointment_not_cancelled"}),
        (occupy_the_patient, {"patient_busy_since"}),
        (occupy_the_doctor, {"hour_taken_since", "doctor_elsewhere"}),
        (add_an_availability, {"doctor_elsewhere"}),
        (close_the_hospital, {"hours_changed_since"}),
        (let_the_doctor_leave, {"doctor_left_since"}),
    ],
)
def test_what_has_changed_since_is_named(stage, change, codes):
    job = stage.applied(policy=CANCEL)
    change(stage)
    assert {code for code, _ in stage.refused(job)} == codes


def test_an_availability_that_was_changed_since_is_named(stage):
    rows = {"doctors": ["d1"], "start": at("10:00"), "end": at("11:00")}
    job = propose(stage.session, {stage.second: stage.place("11:00")}, **rows)
    apply_reschedule(stage.session, job, None, NOW)
    change_availability(stage.session, stage.tuesday, at("09:00"), at("10:30"), None)
    assert stage.refused(job) == [("availability_changed_since", str(stage.tuesday))]
    change_availability(stage.session, stage.tuesday, at("09:00"), at("10:00"), None)
    rest = select(Availability.id).where(Availability.during.contains(at("11:30")))
    [id_] = stage.session.scalars(rest).all()
    withdraw_availability(stage.session, id_, None)
    assert stage.refused(job) == [("availability_changed_since", str(id_))]


def test_hours_that_were_changed_since_are_named(stage):
    job = stage.applied(Cause.HOSPITAL_CLOSED, {}, hospital="lis", start=at("00:00", day=9), end=at("00:00", day=10))
    set_exception(
        stage.session,
        stage.network.lisbon,
        ExceptionIn(date=at("09:00", day=9).date(), reason="x", hours=[{"opens": "08:00", "closes": "09:00"}]),
        NOW,
    )
    assert stage.refused(job) == [("hours_changed_since", "2026-12-09")]


def test_weekly_hours_that_were_changed_since_are_named(stage):
    week = EVERY_DAY | {Weekday.SUNDAY: []}
    job = stage.applied(Cause.HOURS_CHANGED, {}, hospital="lis", operating_hours=week)
    set_operating_hours(stage.session, stage.network.lisbon, EVERY_DAY, NOW)
    assert stage.refused(job) == [("hours_changed_since", str(stage.network.lisbon))]


def test_what_has_begun_or_passed_is_named(stage):
    job = stage.applied(policy=CANCEL)
    assert stage.refused(job, now=at("09:30")) == [("hour_too_near", str(stage.first))]
    assert ("appointment_begun", str(stage.first)) in stage.refused(job, now=at("09:30", day=2))
