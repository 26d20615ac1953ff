"""What an hour stands on is locked before the hour is written, and what has lost its ground is left out."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from tests.workers.waiting import while_blocked
from workers.ground import Placement, hold_ground


@pytest.fixture
def place(network):
    def placement(doctor, hospital, hour, patient=None) -> Placement:
        return Placement(None, None, patient or network.patient(), doctor, hospital, network.at(hour))

    return placement


def held(engine, network, placements, timezones=None):
    with Session(engine) as session:
        return hold_ground(session, placements, timezones or network.timezones)


def test_hours_inside_an_availability_are_held_and_others_left_out(engine, network, place):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    inside = [place(doctor, hospital, hour) for hour in (9, 11)]
    outside = [place(doctor, hospital, hour) for hour in (8, 12, 8.5, 11.5)]
    assert held(engine, network, inside + outside) == inside


def test_touching_availabilities_join_and_separate_ones_do_not(engine, network, place):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 10.5)
    network.availability(doctor, hospital, 10.5, 12)
    network.availability(doctor, hospital, 12.25, 14)
    across, gap = place(doctor, hospital, 10), place(doctor, hospital, 11.5)
    assert held(engine, network, [across, gap]) == [across]


def test_an_availability_elsewhere_or_of_another_doctor_does_not_count(engine, network, place):
    doctor, other = network.doctor(), network.doctor()
    here, there = network.hospital(), network.hospital()
    network.availability(doctor, there, 9, 12)
    network.availability(other, here, 9, 12)
    assert held(engine, network, [place(doctor, here, 9)]) == []


def test_hours_by_a_clock_that_was_changed_are_left_out(engine, network, place):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    assert held(engine, network, [place(doctor, hospital, 9)], {hospital: "Asia/Kolkata"}) == []


@pytest.mark.parametrize("gone", ["app_user", "patient"])
def test_hours_of_people_who_have_left_are_left_out(engine, network, place, gone):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    placement = place(doctor, hospital, 9)
    assert held(engine, network, [placement]) == [placement]
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {gone} SET active = false"))
    assert held(engine, network, [placement]) == []


CHANGES = {
    "withdrawn": "DELETE FROM availability",
    "cut": "UPDATE availability SET during = tstzrange(lower(during), lower(during) + interval '1 hour')",
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_availability_that_is_being_changed_is_waited_for(engine, network, place, change):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    first, last = place(doctor, hospital, 9), place(doctor, hospital, 11)
    with engine.connect() as other:
        other.execute(text(CHANGES[change]))
        got = while_blocked(engine, lambda: held(engine, network, [last, first]), other.commit)
    assert got == ([first] if change == "cut" else [])


@pytest.mark.parametrize("change", CHANGES)
def test_held_ground_cannot_be_pulled_away(engine, network, place, change):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    with Session(engine) as session, engine.connect() as other:
        hold_ground(session, [place(doctor, hospital, 11)], network.timezones)
        other.execute(text("SET lock_timeout = '200ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            other.execute(text(CHANGES[change]))


def test_the_openings_below_held_ground_cannot_be_cut(engine, network, place):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    with Session(engine) as session, engine.connect() as other:
        hold_ground(session, [place(doctor, hospital, 11)], network.timezones)
        with pytest.raises(IntegrityError, match="availability_within_openings"):
            other.execute(text("DELETE FROM opening"))


def test_the_clock_below_held_ground_cannot_be_changed(engine, network, place):
    doctor, hospital = network.doctor(), network.hospital()
    network.availability(doctor, hospital, 9, 12)
    with Session(engine) as session, engine.connect() as other:
        hold_ground(session, [place(doctor, hospital, 11)], network.timezones)
        other.execute(text("SET lock_timeout = '200ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            other.execute(text("UPDATE hospital SET timezone = 'Asia/Kolkata'"))
