"""What a reschedule displaces, and who holds what."""

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from models.appointments import book_appointments
from models.availabilities import create_availabilities
from models.faults import Refusal, Refused
from models.inputs import AppointmentIn, AppointmentMove, HoursIn, Weekday
from models.moving import move_appointment
from models.rescheduling.inputs import Policy, RescheduleIn, Scope, ScopeIn
from models.rescheduling.jobs import create_reschedule, discard_reschedule, plan_again
from models.rescheduling.lost import displaced, lost_hours
from models.rescheduling.tables import (
    BECAUSE_OF,
    Cause,
    FormerHour,
    Reschedule,
    RescheduledAppointment,
    RescheduleEvent,
    RescheduleStatus,
)
from models.schedule import Appointment
from tests.models.network import NOW, Network, at, availability


@pytest.fixture
def booked(session: Session, network: Network):
    """Doctor 1 in Lisbon on Tuesday from 9 to 13, with patients at 9 and 12; doctor 2 in Delhi with one at 10."""
    create_availabilities(
        session,
        [
            availability("d1", at("09:00"), at("13:00")),
            availability("d2", at("10:00", offset="+05:30"), at("12:00", offset="+05:30"), "del"),
        ],
    )
    return book_appointments(
        session,
        [
            AppointmentIn(patient="p1", doctor="d1", hospital="lis", start=at("09:00")),
            AppointmentIn(patient="p2", doctor="d1", hospital="lis", start=at("12:00")),
            AppointmentIn(patient="p2", doctor="d2", hospital="del", start=at("10:00", offset="+05:30")),
        ],
        NOW,
    )


def asked(cause: Cause = Cause.DOCTOR_UNAVAILABLE, **scope) -> RescheduleIn:
    return RescheduleIn(cause=cause, scope=ScopeIn(**scope))


def away(doctor: str = "d1", start: str = "00:00", end: str = "23:00") -> RescheduleIn:
    return asked(doctors=[doctor], start=at(start), end=at(end))


def appointments_of(session: Session, job) -> set:
    rows = select(RescheduledAppointment.appointment_id).where(RescheduledAppointment.reschedule_id == job)
    return set(session.scalars(rows))


def holding(session: Session) -> set:
    return set(session.scalars(select(RescheduledAppointment.appointment_id).where(RescheduledAppointment.held)))


def codes(refusal) -> list[str]:
    return [fault.code for fault in refusal.value.faults]


def test_a_doctor_away_displaces_what_overlaps_the_period(session, booked):
    job = create_reschedule(session, away(start="09:30", end="12:30"), NOW)
    assert appointments_of(session, job) == set(booked[:2])
    rest = create_reschedule(session, away("d2"), NOW)
    assert appointments_of(session, rest) == {booked[2]}


def test_a_period_that_touches_an_hour_leaves_it(session, booked):
    job = create_reschedule(session, away(start="10:00", end="12:00"), NOW)
    assert appointments_of(session, job) == set()


def test_a_closed_hospital_displaces_its_own_appointments_only(session, booked):
    job = create_reschedule(
        session, asked(Cause.HOSPITAL_CLOSED, hospital="lis", start=at("00:00"), end=at("23:00")), NOW
    )
    assert appointments_of(session, job) == set(booked[:2])


def test_a_room_displaces_the_doctors_of_that_hospital(session, booked):
    scope = {"hospital": "del", "doctors": ["d1", "d2"], "start": at("00:00"), "end": at("23:00")}
    assert appointments_of(session, create_reschedule(session, asked(Cause.ROOM, **scope), NOW)) == {booked[2]}


def test_changed_hours_displace_what_lies_outside_the_new_ones(session, booked):
    later = {day: [HoursIn(opens="10:00", closes="17:00")] for day in Weekday}
    job = create_reschedule(session, asked(Cause.HOURS_CHANGED, hospital="lis", operating_hours=later), NOW)
    assert appointments_of(session, job) == {booked[0]}


def test_a_list_displaces_those_on_it(session, booked):
    job = create_reschedule(session, asked(Cause.APPOINTMENTS, appointments=[booked[1]]), NOW)
    assert appointments_of(session, job) == {booked[1]}
    scope = Scope.model_validate(session.get_one(Reschedule, job).scope)
    (lost,) = lost_hours(session, Cause.APPOINTMENTS, scope, NOW)
    assert (lost.during.lower, lost.during.upper) == (at("12:00"), at("13:00"))


def test_what_has_begun_is_not_displaced(session, booked):
    now = at("09:30")
    lost = lost_hours(session, Cause.DOCTOR_UNAVAILABLE, _scope(session, away()), now)
    assert [each.id for each in displaced(session, lost, now)] == [booked[1]]


def _scope(session: Session, reschedule: RescheduleIn) -> Scope:
    job = create_reschedule(session, reschedule.model_copy(update={"what_if": True}), NOW)
    return Scope.model_validate(session.get_one(Reschedule, job).scope)


def test_a_second_job_over_the_same_appointment_is_refused_and_told_which_one_holds_it(session, booked):
    first = create_reschedule(session, away(), NOW)
    with pytest.raises(Refused) as refused, session.begin_nested():
        create_reschedule(session, asked(Cause.APPOINTMENTS, appointments=[booked[0]]), NOW)
    assert refused.value.refusal is Refusal.CLASH
    assert codes(refused) == ["appointment_held"]
    assert refused.value.faults[0].field == ""
    assert str(first) in refused.value.faults[0].message
    discard_reschedule(session, first, None, NOW)
    assert holding(session) == set()
    create_reschedule(session, asked(Cause.APPOINTMENTS, appointments=[booked[0]]), NOW)
    assert holding(session) == {booked[0]}


def test_a_question_holds_nothing_and_is_held_up_by_nothing(session, booked):
    create_reschedule(session, away(), NOW)
    question = create_reschedule(session, away().model_copy(update={"what_if": True}), NOW)
    assert appointments_of(session, question) == set(booked[:2])
    assert holding(session) == set(booked[:2])


def test_planning_again_takes_over_what_the_old_job_held(session, booked):
    first = create_reschedule(session, away(), NOW)
    again = plan_again(session, first, NOW)
    assert session.get_one(Reschedule, first).status is RescheduleStatus.DISCARDED
    assert session.get_one(Reschedule, again).replaces == first
    assert appointments_of(session, again) == set(booked[:2]) == holding(session)


def test_what_was_discarded_is_not_discarded_again(session, booked):
    job = create_reschedule(session, away(), NOW)
    discard_reschedule(session, job, 1, NOW)
    with pytest.raises(Refused) as refused:
        discard_reschedule(session, job, None, NOW)
    assert codes(refused) == ["reschedule_decided"]


def test_a_discard_meant_for_an_older_version_is_refused(session, booked):
    job = create_reschedule(session, away(), NOW)
    with pytest.raises(Refused) as refused:
        discard_reschedule(session, job, 7, NOW)
    assert refused.value.refusal is Refusal.STALE


def test_every_step_is_in_the_history(session, booked):
    job = create_reschedule(session, away(), NOW)
    discard_reschedule(session, job, None, at("08:00"))
    events = select(RescheduleEvent.status, RescheduleEvent.at).where(RescheduleEvent.reschedule_id == job)
    assert session.execute(events.order_by(RescheduleEvent.id)).all() == [
        (RescheduleStatus.QUEUED, NOW),
        (RescheduleStatus.DISCARDED, at("08:00")),
    ]


def test_every_fault_of_a_scope_is_named_at_once(session, booked):
    strange = "01890000-0000-7000-8000-000000000000"
    with pytest.raises(Refused) as refused:
        create_reschedule(
            session, asked(hospital="nowhere", doctors=["d1", "nobody"], start=at("09:00"), end=at("10:00")), NOW
        )
    assert {(fault.code, fault.field) for fault in refused.value.faults} == {
        ("unknown_doctor", "scope.doctors[1]"),
        ("unknown_hospital", "scope.hospital"),
    }
    with pytest.raises(Refused) as refused:
        create_reschedule(session, asked(Cause.APPOINTMENTS, appointments=[strange, booked[0]]), at("10:00"))
    assert codes(refused) == ["unknown_appointment", "appointment_begun"]
    with pytest.raises(Refused) as refused:
        create_reschedule(session, away(), at("23:00"))
    assert codes(refused) == ["scope_passed"]


@pytest.mark.parametrize(
    ("cause", "scope", "told"),
    [
        (Cause.DOCTOR_UNAVAILABLE, {"doctors": ["d1"]}, "without end, start"),
        (
            Cause.HOSPITAL_CLOSED,
            {"hospital": "lis", "doctors": ["d1"], "start": at("09:00"), "end": at("10:00")},
            "with doctors",
        ),
        (Cause.DOCTOR_UNAVAILABLE, {"doctors": ["d1"], "start": at("10:00"), "end": at("10:00")}, "ends at or before"),
    ],
)
def test_a_scope_that_does_not_fit_its_cause_is_refused(cause, scope, told):
    with pytest.raises(ValidationError, match=told):
        asked(cause, **scope)


def test_a_question_that_would_be_applied_is_refused():
    with pytest.raises(ValidationError, match="question only"):
        RescheduleIn(cause=Cause.DOCTOR_UNAVAILABLE, scope=away().scope, what_if=True, dry_run=False, policy=Policy())


def test_who_was_moved_by_a_reschedule_not_long_ago_goes_first(session, booked):
    job = create_reschedule(session, away().model_copy(update={"what_if": True}), NOW)
    session.execute(BECAUSE_OF, {"reschedule": str(job)})
    move_appointment(session, booked[0], AppointmentMove(start=at("10:00")), None, NOW)
    session.execute(BECAUSE_OF, {"reschedule": ""})
    move_appointment(session, booked[1], AppointmentMove(start=at("11:00")), None, NOW)
    later = create_reschedule(session, away(), NOW)
    rows = select(RescheduledAppointment.appointment_id, RescheduledAppointment.moved_before).where(
        RescheduledAppointment.reschedule_id == later
    )
    assert dict(session.execute(rows).all()) == {booked[0]: True, booked[1]: False}


def test_an_appointment_keeps_its_former_hours(session, booked):
    move_appointment(session, booked[0], AppointmentMove(start=at("10:00")), None, NOW)
    move_appointment(session, booked[0], AppointmentMove(start=at("11:00")), None, NOW)
    former = session.scalars(select(FormerHour).where(FormerHour.appointment_id == booked[0]).order_by(FormerHour.id))
    assert [(each.during.lower, each.reschedule_id) for each in former] == [(at("09:00"), None), (at("10:00"), None)]


def test_other_changes_of_an_appointment_leave_no_former_hour(session, booked):
    session.get_one(Appointment, booked[0]).version = 9
    session.flush()
    assert not session.scalars(select(FormerHour)).all()


def test_of_two_jobs_at_once_one_holds_the_appointment(engine: Engine, session, booked):
    session.commit()
    with Session(engine) as one, Session(engine) as other:
        first = create_reschedule(one, away(), NOW)
        one.commit()
        with pytest.raises(Refused) as refused:
            create_reschedule(other, away(), NOW)
        assert str(first) in refused.value.faults[0].message
