"""Reschedules among others who change the schedule at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.appointments import change_status
from models.availabilities import withdraw_availability
from models.hospitals import Hospital, OperatingException
from models.hours import set_exception
from models.inputs import ExceptionIn
from models.rescheduling import applying
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.holding import hold_hospitals
from models.rescheduling.inputs import RescheduleIn, ScopeIn
from models.rescheduling.jobs import create_reschedule
from models.rescheduling.tables import Cause
from models.rescheduling.undoing import undo_reschedule
from models.schedule import Appointment, AppointmentStatus
from tests.workers.checker import faults
from tests.workers.waiting import blocked, until, while_blocked


def at_once(ward, job) -> list[list[str]]:
    """What two come to that apply one job while somebody holds what it changes."""
    with Session(ward.engine) as session, ThreadPoolExecutor(2) as pool:
        session.execute(text("SELECT FROM hospital FOR UPDATE"))
        both = [pool.submit(ward.apply, job) for _ in range(2)]
        until(lambda: len(blocked(ward.engine)) == 2, what="both to wait")
        session.rollback()
        return sorted(each.result(timeout=30) for each in both)


def test_of_two_who_apply_one_job_at_once_the_second_is_told_that_it_is_done(ward):
    assert at_once(ward, ward.proposed()) == [[], ["reschedule_not_proposed"]]


def test_without_holding_the_job_the_second_would_take_its_changes_for_somebody_elses(ward, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(applying, "lock_to_change", lambda session, kind, id_, _version: session.get_one(kind, id_))
    first, second = at_once(ward, ward.proposed())
    assert (first, second[0]) == ([], "schedule_changed")


def test_a_booking_into_the_lost_hours_that_was_quicker_is_named(ward):
    job = ward.proposed()
    told = ward.first_then(lambda session: ward.book(11, session), job)
    assert told == ["schedule_changed", "displaced_since"]


def test_without_holding_the_availabilities_only_the_database_would_refuse_it(ward, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(applying, "hold_availabilities", lambda _session, _hours: None)
    job = ward.proposed()
    told = ward.first_then(lambda session: ward.book(11, session), job)
    assert told == ["schedule_changed", "clash_meanwhile"]


def test_a_booking_into_the_lost_hours_that_was_slower_is_refused(ward):
    job = ward.proposed()
    with Session(ward.engine) as session:
        assert ward.apply(job, session) == []
        slower = while_blocked(ward.engine, lambda: ward.told(lambda other: ward.book(11, other)), session.commit)
    assert slower == ["no_availability"]
    assert faults(ward.engine) == set()


def test_a_new_hour_that_somebody_else_books_at_the_moment_is_named(ward):
    job = ward.proposed()
    told = ward.first_then(lambda session: ward.book(13, session), job)
    assert told == ["schedule_changed", "hour_taken_since"]


def test_an_availability_that_somebody_withdraws_at_the_moment_is_named(ward):
    job = ward.proposed()
    told = ward.first_then(lambda session: withdraw_availability(session, ward.afternoon, None), job)
    assert told == ["schedule_changed", "hour_unavailable_since"]


def test_without_holding_it_only_the_database_would_refuse_to_move_there(ward, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(applying, "hold_availabilities", lambda _session, _hours: None)
    job = ward.proposed()
    told = ward.first_then(lambda session: withdraw_availability(session, ward.afternoon, None), job)
    assert told == ["schedule_changed", "clash_meanwhile"]


def cancel_first(ward):
    return lambda session: change_status(session, ward.first, AppointmentStatus.CANCELLED)


def test_an_appointment_that_somebody_cancels_at_the_moment_stays_cancelled(ward):
    job = ward.proposed()
    assert ward.first_then(cancel_first(ward), job) == ["schedule_changed", "appointment_ended"]
    assert status(ward) == "cancelled"


def status(ward) -> str:
    with ward.engine.connect() as connection:
        return connection.scalar(text("SELECT status FROM appointment WHERE id = :id"), {"id": ward.first})


def test_without_holding_the_appointments_it_would_be_booked_again(ward, monkeypatch):
    """The negative control of the test above."""

    def unlocked(session, ids):
        return {row.id: row for row in session.scalars(select(Appointment).where(Appointment.id.in_(ids)))}

    monkeypatch.setattr(applying, "hold_appointments", unlocked)
    job = ward.proposed()
    assert ward.first_then(cancel_first(ward), job) == []
    assert status(ward) == "booked"


def test_of_two_jobs_that_want_one_hour_the_second_is_told_so(ward):
    one = ward.proposed({ward.first: ward.place(13)}, Cause.APPOINTMENTS, appointments=[ward.first])
    two = ward.proposed({ward.second: ward.place(13)}, Cause.APPOINTMENTS, appointments=[ward.second])
    with Session(ward.engine) as session:
        assert ward.apply(one, session) == []
        told = while_blocked(ward.engine, lambda: ward.apply(two), session.commit)
    assert told == ["schedule_changed", "hour_taken_since"]


def closing_while_hours_change(ward) -> str:
    """The dated hours where a hospital closes from 10 to 16 while somebody makes it open from 8 to 18."""
    clinic, tomorrow = ward.new_hospital("clinic", "09:00", "17:00"), ward.network.midnight.date()
    longer = ExceptionIn(date=tomorrow, hours=[{"opens": "08:00", "closes": "18:00"}])
    scope = {"hospital": "clinic", "start": ward.network.at(10), "end": ward.network.at(16)}
    job = ward.proposed({}, Cause.HOSPITAL_CLOSED, **scope)

    def change(session):
        set_exception(session, clinic, longer, ward.now)

    assert ward.first_then(change, job) == []
    with ward.engine.connect() as connection:
        return connection.scalar(text("SELECT hours::text FROM operating_exception"))


def test_hours_that_somebody_changes_at_the_moment_are_what_is_left_of_them(ward):
    assert closing_while_hours_change(ward) == "{[480,600),[960,1080)}"


def test_without_holding_the_hospital_one_of_them_would_be_lost(ward, monkeypatch):
    """The negative control of the test above."""

    def unlocked(session, ids):
        return {row.id: row for row in session.scalars(select(Hospital).where(Hospital.id.in_(ids)))}

    monkeypatch.setattr(applying, "hold_hospitals", lambda session, ids: unlocked(session, list(ids)))
    with pytest.raises(AssertionError, match="schedule_changed"):
        closing_while_hours_change(ward)


def closing_while_somebody_waits(ward, step) -> set[str]:
    """How two end: one holds the hospital to close it, another takes a `step` to change its hours on that day."""
    clinic, tomorrow = ward.new_hospital("clinic", "09:00", "17:00"), ward.network.midnight.date()
    scope = {"hospital": "clinic", "start": ward.network.at(10), "end": ward.network.at(16)}
    job = ward.proposed({}, Cause.HOSPITAL_CLOSED, **scope)

    def told(work) -> str:
        try:
            work()
        except OperationalError as error:
            return type(error.orig).__name__
        return "done"

    def close(session) -> None:
        apply_reschedule(session, job, None, ward.now)
        session.commit()

    def change() -> None:
        with Session(ward.engine) as session, session.begin():
            step(session, clinic, tomorrow)
            set_exception(session, clinic, ExceptionIn(date=tomorrow), ward.now)

    with Session(ward.engine) as session, ThreadPoolExecutor(1) as pool:
        hold_hospitals(session, [clinic])
        other = pool.submit(told, change)
        until(lambda: blocked(ward.engine), what="the other to wait for the hospital")
        ends = {told(lambda: close(session))}
        session.rollback()
        return ends | {other.result(timeout=30)}


def test_who_changes_the_hours_of_a_hospital_that_closes_waits_for_that(ward):
    assert closing_while_somebody_waits(ward, lambda _session, _clinic, _day: None) == {"done"}


def test_who_writes_hours_before_holding_the_hospital_would_stand_in_its_way(ward):
    """The negative control of the test above."""

    def write(session, clinic, day):
        session.execute(insert(OperatingException).values(hospital_id=clinic, date=day, hours=MultiRange()))

    assert "DeadlockDetected" in closing_while_somebody_waits(ward, write)


def test_of_two_jobs_over_one_doctor_at_once_one_holds_the_appointments(engine, ward):
    assert asking_at_once(ward) == ["appointment_held"]


def asking_at_once(ward) -> list[str]:
    """What a second comes to who asks for the same while the first has not committed."""
    asked = RescheduleIn(cause=Cause.DOCTOR_UNAVAILABLE, scope=ScopeIn(**ward.away))

    def ask(session):
        create_reschedule(session, asked, ward.now)

    with Session(ward.engine) as session:
        ask(session)
        return while_blocked(ward.engine, lambda: ward.told(ask), session.commit)


def test_without_the_rule_both_would_hold_them(engine, ward):
    """The negative control of the test above."""
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX rescheduled_appointment_held_once"))
    asked = RescheduleIn(cause=Cause.DOCTOR_UNAVAILABLE, scope=ScopeIn(**ward.away))
    for _ in range(2):
        with Session(engine) as session, session.begin():
            create_reschedule(session, asked, ward.now)
    with engine.connect() as connection:
        held = connection.scalar(text("SELECT count(*) FROM rescheduled_appointment WHERE held"))
    assert held == 4


def test_of_two_who_undo_one_job_at_once_the_second_is_told_that_it_is_done(ward):
    job = ward.proposed()
    assert ward.apply(job) == []
    with Session(ward.engine) as session:
        undo_reschedule(session, job, None, ward.now)

        def again(other):
            undo_reschedule(other, job, None, ward.now)

        told = while_blocked(ward.engine, lambda: ward.told(again), session.commit)
    assert told == ["reschedule_not_applied"]
