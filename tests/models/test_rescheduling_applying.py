"""A proposal is applied whole, or refused with everything that has changed since it was made."""

import uuid

import pytest
from sqlalchemy import select

from models.appointments import book_appointments
from models.availabilities import create_availabilities
from models.inputs import AppointmentIn
from models.rescheduling.applying import apply_reschedule
from models.rescheduling.tables import Fate, FormerHour, Reschedule, RescheduledAppointment, RescheduleStatus
from models.rescheduling.undoing import undo_reschedule
from models.schedule import Appointment, Availability
from tests.models.network import NOW, at, availability
from tests.models.proposals import picture, propose, told


@pytest.fixture
def booked(session, network) -> list[uuid.UUID]:
    """Doctor 1 is in Lisbon on Tuesday and on Wednesday from 9 to 12; on Tuesday with patient 1 at 9, 2 at 10."""
    create_availabilities(session, [availability("d1", at("09:00", day=day), at("12:00", day=day)) for day in (1, 2)])
    rows = [
        AppointmentIn(patient=p, doctor="d1", hospital="lis", start=at(hour))
        for p, hour in (("p1", "09:00"), ("p2", "10:00"))
    ]
    ids = book_appointments(session, rows, NOW)
    session.commit()
    return ids


def away(session, places, **values) -> uuid.UUID:
    """A proposal for doctor 1 being away on Tuesday."""
    return propose(session, places, doctors=["d1"], start=at("00:00"), end=at("23:00"), **values)


def apply(session, job, now=NOW):
    apply_reschedule(session, job, None, now)
    session.commit()
    session.expire_all()


def periods(session, doctor):
    rows = select(Availability.during).where(Availability.doctor_id == doctor).order_by(Availability.during)
    return [(each.lower, each.upper) for each in session.scalars(rows)]


def test_appointments_move_and_keep_their_ids_and_the_lost_hours_are_withdrawn(session, network, booked):
    doctor = network.doctors[0]
    job = away(
        session,
        {
            booked[0]: (doctor, network.lisbon, at("10:00", day=2)),
            booked[1]: (doctor, network.lisbon, at("09:00", day=2)),
        },
    )
    apply(session, job)
    assert [session.get_one(Appointment, id_).during.lower for id_ in booked] == [
        at("10:00", day=2),
        at("09:00", day=2),
    ]
    assert periods(session, doctor) == [(at("09:00", day=2), at("12:00", day=2))]
    assert session.get_one(Reschedule, job).status is RescheduleStatus.APPLIED
    assert {each.fate for each in session.scalars(select(RescheduledAppointment))} == {Fate.MOVED}
    former = session.scalars(select(FormerHour)).all()
    assert {(each.appointment_id, each.during.lower, each.reschedule_id) for each in former} == {
        (booked[0], at("09:00"), job),
        (booked[1], at("10:00"), job),
    }
    assert [each["reschedule"] for each in told(session, "appointment.moved")] == [str(job)] * 2
    assert len(told(session, "reschedule.applied")) == 1


def test_undoing_restores_the_schedule(session, network, booked):
    before = picture(session)
    doctor = network.doctors[0]
    job = away(
        session,
        {
            booked[0]: (doctor, network.lisbon, at("10:00", day=2)),
            booked[1]: (doctor, network.lisbon, at("09:00", day=2)),
        },
    )
    apply(session, job)
    undo_reschedule(session, job, None, NOW)
    session.commit()
    assert picture(session) == before
