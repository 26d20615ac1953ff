"""Whatever has changed since a proposal was made, applying it is refused, names it, and changes nothing."""

import uuid

import pytest
from sqlalchemy import text

from models.appointments import book_appointments, change_status
from models.availabilities import change_availability, create_availabilities, withdraw_availability
from models.faults import Refusal
from models.hours import set_exception
from models.inputs import AppointmentMove, ExceptionIn, HoursIn, Weekday
from models.moving import move_appointment
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.inputs import Policy
from models.rescheduling.tables import Cause
from models.rescheduling.writing import ScheduleChanged
from models.schedule import AppointmentStatus
from tests.models.network import EVERY_DAY, NOW, at, availability
from tests.models.proposals import away, booking, picture, propose


@pytest.fixture
def stage(session, network):
    """Doctor 1 is in Lisbon on Tuesday and Wednesday, doctor 2 there on Wednesday and in Delhi on Thursday.

    Patient 1 is with doctor 1 on Tuesday at 9, patient 2 at 10, and patient 2 again on Wednesday at 9, who is proposed
    to make room for patient 1. Patient 2 is to go to doctor 2 in Delhi.
    """
    return Stage(session, network)


class Stage:
    def __init__(self, session, network) -> None:
        self.session, self.network = session, network
        self.hours = create_availabilities(
            session,
            [
                availability("d1", at("09:00"), at("12:00")),
                availability("d1", at("09:00", day=2), at("12:00", day=2)),
                availability("d2", at("09:00", day=2), at("12:00", day=2)),
                availability("d2", at("10:00", day=3, offset="+05:30"), at("12:00", day=3, offset="+05:30"), "del"),
            ],
        )
        wishes = [("p1", at("09:00")), ("p2", at("10:00")), ("p2", at("09:00", day=2))]
        self.first, self.second, self.other = book_appointments(
            session, [booking(patient, "d1", start) for patient, start in wishes], NOW
        )

    def propose(self, policy: Policy | None = None) -> uuid.UUID:
        one, two = self.network.doctors
        places = {
            self.first: (one, self.network.lisbon, at("09:00", day=2)),
            self.second: (two, self.network.delhi, at("10:00", day=3, offset="+05:30")),
            self.other: (one, self.network.lisbon, at("11:00", day=2)),
        }
        job = away(self.session, places, policy=policy)
        self.session.commit()
        return job

    def refused(self, job, now=NOW) -> list[tuple[str, str]]:
        """The codes and the values of what applying is refused for; and that it has changed nothing."""
        self.session.commit()
        before = picture(self.session)
        with pytest.raises(ScheduleChanged) as refused:
            apply_reschedule(self.session, job, None, now)
        self.session.rollback()
        assert picture(self.session) == before
        first, *others = refused.value.faults
        assert (refused.value.refusal, first.code) == (Refusal.CLASH, "schedule_changed")
        assert first.facts == {"changes": len(others)}
        assert "plan again" in first.message
        assert all(fault.message.endswith(".") and fault.facts for fault in others)
        return [(fault.code, fault.value) for fault in others]

    def run(self, statement: str, **values) -> None:
        self.session.execute(text(statement), values)


def cancel(stage):
    change_status(stage.session, stage.first, AppointmentStatus.CANCELLED)


def complete(stage):
    change_status(stage.session, stage.first, AppointmentStatus.COMPLETED)


def move(stage):
    move_appointment(stage.session, stage.first, AppointmentMove(start=at("11:00")), None, NOW)


def move_other(stage):
    move_appointment(stage.session, stage.other, AppointmentMove(start=at("10:00", day=2)), None, NOW)


def take_the_hour(stage):
    move_other(stage)
    move_appointment(stage.session, stage.other, AppointmentMove(start=at("09:00", day=2)), None, NOW)
    book_appointments(stage.session, [booking("p2", "d1", at("11:00", day=2))], NOW)


def occupy_the_patient(stage):
    book_appointments(stage.session, [booking("p1", "d2", at("09:00", day=2))], NOW)


def withdraw(stage):
    withdraw_availability(stage.session, stage.hours[3], None)


def shorten(stage):
    change_availability(
        stage.session, stage.hours[3], at("10:30", day=3, offset="+05:30"), at("12:00", day=3, offset="+05:30"), None
    )


def set_another_clock(stage):
    stage.run("UPDATE hospital SET timezone = 'UTC' WHERE id = :id", id=stage.network.delhi)


def let_the_doctor_leave(stage):
    stage.run("UPDATE app_user SET active = false WHERE external_id = 'd2'")


def let_the_patient_leave(stage):
    stage.run("UPDATE patient SET active = false WHERE external_id = 'p1'")


@pytest.mark.parametrize(
    ("change", "code", "whose"),
    [
        (cancel, "appointment_ended", "first"),
        (complete, "appointment_ended", "first"),
        (move, "appointment_moved", "first"),
        (move_other, "appointment_moved", "other"),
        (take_the_hour, "hour_taken_since", "other"),
        (occupy_the_patient, "patient_busy_since", "first"),
        (withdraw, "hour_unavailable_since", "second"),
        (shorten, "hour_unavailable_since", "second"),
        (set_another_clock, "clock_changed_since", "second"),
        (let_the_doctor_leave, "doctor_left_since", "second"),
        (let_the_patient_leave, "patient_left_since", "first"),
    ],
)
def test_a_change_is_named_with_the_appointment_it_concerns(stage, change, code, whose):
    job = stage.propose()
    change(stage)
    assert (code, str(getattr(stage, whose))) in stage.refused(job)


def test_an_appointment_that_was_booked_into_the_lost_hours_is_named(stage):
    job = stage.propose()
    [new] = book_appointments(stage.session, [booking("p1", "d1", at("11:00"))], NOW)
    assert stage.refused(job) == [("displaced_since", str(new))]


def test_an_appointment_whose_hour_is_not_lost_any_more_is_named(stage):
    week = {**EVERY_DAY, Weekday.TUESDAY: [HoursIn(opens="10:00", closes="17:00")]}
    place = {stage.first: (stage.network.doctors[0], stage.network.lisbon, at("10:00", day=2))}
    job = propose(stage.session, place, Cause.HOURS_CHANGED, hospital="lis", operating_hours=week)
    set_exception(
        stage.session,
        stage.network.lisbon,
        ExceptionIn(date=at("09:00").date(), hours=[HoursIn(opens="09:00", closes="17:00")]),
        NOW,
    )
    assert stage.refused(job) == [("displaced_no_more", str(stage.first))]


def test_all_changes_are_named_at_once(stage):
    job = stage.propose()
    cancel(stage)
    withdraw(stage)
    [new] = book_appointments(stage.session, [booking("p1", "d1", at("11:00"))], NOW)
    assert set(stage.refused(job)) == {
        ("appointment_ended", str(stage.first)),
        ("hour_unavailable_since", str(stage.second)),
        ("displaced_since", str(new)),
    }


def test_the_notice_counts_from_the_applying(stage):
    job = stage.propose(Policy(notice_hours=25))
    assert set(stage.refused(job, now=at("08:30"))) == {
        ("hour_too_near", str(stage.first)),
        ("appointment_too_near", str(stage.other)),
    }


def test_an_appointment_that_has_begun_is_named(stage):
    job = stage.propose()
    assert stage.refused(job, now=at("09:30")) == [("appointment_begun", str(stage.first))]


def test_what_does_not_concern_the_proposal_may_change(stage):
    job = stage.propose()
    change_availability(stage.session, stage.hours[0], at("09:00"), at("11:00"), None)
    change_availability(stage.session, stage.hours[2], at("10:00", day=2), at("12:00", day=2), None)
    move_other(stage)
    move_appointment(stage.session, stage.other, AppointmentMove(start=at("09:00", day=2)), None, NOW)
    apply_reschedule(stage.session, job, None, NOW)
