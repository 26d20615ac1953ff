"""Sessions that write clashing batches at the same time: no hour is had twice, and nobody waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.schedule import Appointment
from tests.workers.checker import faults
from tests.workers.waiting import blocked, until
from workers import retrying as retrying_module
from workers.ground import Placement
from workers.placing import book
from workers.retrying import retrying

SESSIONS = 4


@pytest.fixture
def clinic(network):
    """Doctors who are there from 0 to 20, and patients; so many hours and no more."""
    hospital = network.hospital()
    doctors = [network.doctor() for _ in range(6)]
    for doctor in doctors:
        network.availability(doctor, hospital, 0, 20)
    return hospital, doctors, [network.patient() for _ in range(12)]


def batches(network, clinic):
    """For every session the same hours of the same doctors, with the patients dealt otherwise."""
    hospital, doctors, patients = clinic
    return [
        [
            Placement(
                None,
                None,
                patients[(place * (2 * turn + 1) + turn) % len(patients)],
                doctor,
                hospital,
                network.at(hour),
            )
            for place, doctor in enumerate(doctors)
            for hour in range(20)
        ]
        for turn in range(SESSIONS)
    ]


def write(engine, placements, start):
    def transaction():
        with Session(engine) as session, session.begin():
            return len(book(session, placements))

    start.wait()
    return retrying(transaction)


def race(engine, network, clinic):
    start = threading.Barrier(SESSIONS)
    with ThreadPoolExecutor(SESSIONS) as pool:
        list(pool.map(lambda placements: write(engine, placements, start), batches(network, clinic)))


def test_clashing_batches_book_every_hour_at_most_once(engine, network, clinic):
    race(engine, network, clinic)
    assert faults(engine) == set()
    assert len(network.all(Appointment)) >= 100


def test_without_the_rules_clashing_batches_book_hours_twice(engine, network, clinic):
    """The negative control of the test above."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE appointment DROP CONSTRAINT appointment_doctor_free"))
        connection.execute(text("ALTER TABLE appointment DROP CONSTRAINT appointment_patient_free"))
    race(engine, network, clinic)
    assert faults(engine) >= {"doctor in two appointments at once", "patient in two appointments at once"}


def crossing(engine, network, clinic):
    """Two sessions that each book an hour of one patient and then want the same hour of the other's."""
    hospital, doctors, (one, other, *_) = clinic

    def placement(patient, doctor):
        return Placement(None, None, patient, doctors[doctor], hospital, network.at(9))

    first_has, second_has = threading.Event(), threading.Event()

    def cross(mine, then, have, wait_for):
        def transaction():
            with Session(engine) as session, session.begin():
                booked = len(book(session, [mine]))
                have.set()
                wait_for.wait(10)
                return booked + len(book(session, [then]))

        return retrying_module.retrying(transaction)

    with ThreadPoolExecutor(2) as pool:
        futures = [
            pool.submit(cross, placement(one, 0), placement(other, 1), first_has, second_has),
            pool.submit(cross, placement(other, 2), placement(one, 3), second_has, first_has),
        ]
        until(lambda: blocked(engine) or all(future.done() for future in futures), what="the two to meet")
        return [future.result(timeout=30) for future in futures]


def test_two_that_wait_for_each_other_are_parted_and_both_end(engine, network, clinic):
    assert sum(crossing(engine, network, clinic)) == 2
    assert faults(engine) == set()


def test_without_trying_again_one_of_the_two_fails(engine, network, clinic, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(retrying_module, "retrying", lambda step: step())
    with pytest.raises(OperationalError, match="deadlock"):
        crossing(engine, network, clinic)
