"""What one more hour would be worth, as a report keeps it."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from models.booking import RequestStatus
from models.people import User
from models.validation.tables import HourValue
from planner.problem import Priority
from tests.workers.validation.validating import Validating
from workers.validation.worth.hours import HOUR_VALUES


@pytest.fixture
def validating(engine, chosen, now) -> Validating:
    return Validating(engine, chosen, now, (HOUR_VALUES,))


@pytest.fixture
def waits(network):
    """A request in conflict."""

    def wait(doctors=(), window=(9, 12), **values):
        decided = {"status": RequestStatus.CONFLICT, "decided_at": network.midnight}
        return network.request(doctors, window, **decided, **values)

    return wait


@pytest.fixture
def values(network, validating):
    """Makes a report; its values in their order."""

    def make(hospital: UUID | None = None) -> list[HourValue]:
        before = {each.id for each in network.all(HourValue)}
        assert validating.report(hospital) == []
        found = [each for each in network.all(HourValue) if each.id not in before]
        return sorted(found, key=lambda each: (each.hospital_id, each.date, each.specialty))

    return make


def told(value: HourValue) -> tuple[object, ...]:
    return value.waiting, value.books, value.priority, value.doctor_id, value.start


def test_where_nobody_waits_no_hour_is_worth_anything(network, values):
    network.hospital()
    network.doctor("cardiology")
    assert values() == []


def test_an_hour_of_a_specialty_is_worth_what_it_books(network, values, waits):
    hospital = network.hospital("Europe/Lisbon")
    here, there = network.doctor("cardiology"), network.doctor("cardiology", "dermatology")
    network.availability(here, hospital, 9, 12)
    for hour in (9, 10, 11):
        network.appointment(here, hospital, hour)
    waits(specialty="cardiology")
    waits(specialty="cardiology", priority=Priority.URGENT, window=(10, 11))
    waits(specialty="oncology")
    cardiology, dermatology = values()
    for value, specialty in ((cardiology, "cardiology"), (dermatology, "dermatology")):
        assert (value.hospital_id, value.date, value.specialty) == (hospital, network.midnight.date(), specialty)
        assert value.proved
        assert told(value) == (2, 1, Priority.URGENT, there, network.at(10))


def test_hours_are_idle_ones_of_doctors_who_are_there(network, values, waits):
    """Not of who is available, is booked outside every availability, or has left; none in the past."""
    hospital, elsewhere = network.hospital(opens=5, closes=10), network.hospital("Asia/Kolkata")
    available, gone = network.doctor("cardiology"), network.doctor("cardiology")
    network.availability(available, elsewhere, 8.5, 12)
    network.write(update(User).where(User.id == gone).values(active=False))
    waits(window=(5, 9), hospitals=[hospital])
    (value,) = values(hospital)
    assert told(value) == (1, 1, Priority.ROUTINE, available, network.at(7))


def test_a_patient_has_no_use_for_an_hour_in_which_they_are_elsewhere(network, values, waits):
    hospital = network.hospital()
    doctor, other = network.doctor("cardiology"), network.doctor()
    patient = network.patient()
    network.availability(other, hospital, 9, 10)
    network.appointment(other, hospital, 9, patient)
    waits([doctor], (9, 11), patient=patient)
    (value,) = values()
    assert value.start == network.at(10)


def test_what_can_be_booked_as_things_are_needs_no_hour(network, values, waits):
    hospital = network.hospital()
    doctor = network.doctor("cardiology")
    network.availability(doctor, hospital, 9, 10)
    waits([doctor])
    assert values() == []


def test_a_hospital_is_told_of_its_own_days_and_each_report_once(network, values, waits):
    here, there = network.hospital("Asia/Kolkata"), network.hospital()
    network.doctor("cardiology")
    waits(specialty="cardiology", window=(9, 24 * 20))
    assert [each.hospital_id for each in values(here)] == [here] * 14
    everything = values()
    assert {each.hospital_id for each in everything} == {here, there}
    today = network.midnight.date()
    assert [each.date for each in everything if each.hospital_id == there] == [
        today + timedelta(days=day) for day in range(14)
    ]


def test_a_worker_that_goes_on_writes_the_values_anew(network, validating, waits):
    """The step is carried out twice for one report, as where a worker was lost before it was over."""
    network.hospital()
    network.doctor("cardiology")
    waits(specialty="cardiology")
    validating.steps = (HOUR_VALUES, HOUR_VALUES)
    validating.report()
    assert len(network.all(HourValue)) == 1
