"""A reschedule in numbers, appointment by appointment, and in its history."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.appointments import book_appointments, change_status
from models.availabilities import create_availabilities
from models.base import period
from models.inputs import AppointmentIn
from models.rescheduling.inputs import RescheduleIn, ScopeIn
from models.rescheduling.jobs import create_reschedule
from models.rescheduling.reading import Counts, Day, Kind, ShiftBin, counts, history, items, summary
from models.rescheduling.tables import Cause, Fate, Reschedule, RescheduledAppointment, RescheduleStatus
from models.schedule import Appointment, AppointmentStatus
from planner.problem import HOUR
from tests.models.network import NOW, Network, at, availability


@pytest.fixture
def booked(session: Session, network: Network):
    """Doctor 1 has three patients on Tuesday in Lisbon, at 9, 10 and 16."""
    create_availabilities(session, [availability("d1", at("09:00"), at("17:00"))])
    hours = [("p1", "09:00"), ("p2", "10:00"), ("p1", "16:00")]
    rows = [AppointmentIn(patient=patient, doctor="d1", hospital="lis", start=at(clock)) for patient, clock in hours]
    return book_appointments(session, rows, NOW)


@pytest.fixture
def job(session: Session, network: Network, booked):
    """Those at 9 and 10 are displaced: one goes to Delhi on Wednesday, one nowhere; the one at 16 makes room."""
    scope = ScopeIn(doctors=["d1"], start=at("09:00"), end=at("11:00"))
    job = create_reschedule(session, RescheduleIn(cause=Cause.DOCTOR_UNAVAILABLE, scope=scope), NOW)
    there = {"to_doctor_id": network.doctors[1], "to_hospital_id": network.delhi}
    noon = at("12:00", day=2, offset="+05:30")
    session.execute(
        update(RescheduledAppointment)
        .where(RescheduledAppointment.appointment_id == booked[0])
        .values(to_during=period(noon, noon + HOUR), **there)
    )
    third = session.get_one(Appointment, booked[2])
    session.add(
        RescheduledAppointment(
            reschedule_id=job,
            appointment_id=third.id,
            displaced=False,
            held=True,
            moved_before=False,
            appointment_version=third.version,
            doctor_id=third.doctor_id,
            hospital_id=third.hospital_id,
            during=third.during,
            to_doctor_id=third.doctor_id,
            to_hospital_id=third.hospital_id,
            to_during=period(at("12:00"), at("13:00")),
        )
    )
    session.flush()
    return job


def test_a_proposal_in_numbers(session, job):
    told = summary(session, job)
    assert told.counts == counts(session, [job])[job] == Counts(displaced=2, placed=1, others=1, left=0)
    assert told.counts.unplaced == 1
    assert (told.doctor_changes, told.hospital_changes) == (1, 1)
    # 09:00 in Lisbon to 12:00 in Delhi the next day is 21 h 30 min.
    assert (told.shift_total, told.shift_median, told.shift_longest) == (21 + 4, 12.5, 21)
    assert told.shifts == (
        ShiftBin(0, 0, 0),
        ShiftBin(1, 4, 1),
        ShiftBin(5, 24, 1),
        ShiftBin(25, 72, 0),
        ShiftBin(73, 168, 0),
        ShiftBin(169, None, 0),
    )


def test_days_are_those_of_the_hospital(session, job):
    assert summary(session, job).days == (
        Day(at("00:00").date(), before=3, after=1),
        Day(at("00:00", day=2).date(), before=0, after=1),
    )


def test_appointments_come_in_the_order_of_their_old_hours_a_page_at_a_time(session, job, booked):
    found = items(session, job)
    assert [each.appointment for each in found] == booked
    first = items(session, job, limit=1)[0]
    assert [each.appointment for each in items(session, job, after=(first.before.start, first.appointment))] == booked[
        1:
    ]


def test_an_appointment_is_told_by_names_and_the_hospitals_clocks(session, job):
    first, second, third = items(session, job)
    assert (first.patient.name, first.before.doctor.name, first.before.hospital.name) == ("Ana", "Dr One", "Lisbon")
    assert first.before.start.isoformat() == "2026-12-01T09:00:00+00:00"
    assert first.after is not None
    assert (first.after.doctor.name, first.after.start.isoformat()) == ("Dr Two", "2026-12-02T12:00:00+05:30")
    assert (first.shift, second.shift, third.shift) == (21, None, 4)
    assert (second.after, third.displaced) == (None, False)


def test_kinds_are_told_apart(session, job, booked):
    found = {kind: [each.appointment for each in items(session, job, kind=kind)] for kind in Kind}
    assert found == {
        Kind.DISPLACED: booked[:2],
        Kind.PLACED: booked[:1],
        Kind.UNPLACED: booked[1:2],
        Kind.OTHERS: booked[2:],
    }


def test_one_that_was_left_standing_counts_until_it_is_seen_to(session, job, booked):
    left = RescheduledAppointment.appointment_id == booked[1]
    session.execute(update(RescheduledAppointment).where(left).values(fate=Fate.LEFT))
    session.execute(update(Reschedule).values(status=RescheduleStatus.APPLIED, changes={}))
    assert counts(session, [job])[job].left == 1
    assert [each.seen_to for each in items(session, job)] == [False, False, False]
    change_status(session, booked[1], AppointmentStatus.CANCELLED)
    session.expire_all()
    assert counts(session, [job])[job].left == 0
    assert [each.seen_to for each in items(session, job)] == [False, True, False]


def test_nobody_is_left_once_a_job_is_undone(session, job, booked):
    left = RescheduledAppointment.appointment_id == booked[1]
    session.execute(update(RescheduledAppointment).where(left).values(fate=Fate.LEFT))
    session.execute(update(Reschedule).values(status=RescheduleStatus.UNDONE, changes={}))
    assert counts(session, [job])[job].left == 0


def test_a_job_without_appointments_has_counts(session, network, booked):
    scope = ScopeIn(doctors=["d2"], start=at("09:00"), end=at("11:00"))
    job = create_reschedule(session, RescheduleIn(cause=Cause.DOCTOR_UNAVAILABLE, scope=scope), NOW)
    assert summary(session, job).counts == Counts()
    assert items(session, job) == []
    assert [event.status for event in history(session, job)] == [RescheduleStatus.QUEUED]
    assert not session.scalars(select(RescheduledAppointment)).all()
