"""Booked appointments that stand where they may not: the planner finds them other hours, and one click mends each."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.faults import Refused
from models.rescheduling.applying import apply_reschedule
from models.rules import RULES
from models.schedule import Appointment
from models.validation.codes import Code
from models.validation.found import Kind
from tests.workers.validation.validating import Validating, about, subjects
from workers.rescheduling import plan_next_reschedule
from workers.validation.remedies.cutting import CUT_BY_RESCHEDULE
from workers.validation.remedies.proposing import OTHER_HOURS
from workers.validation.schedule import SCHEDULE

TIMES = "appointment.appointment_lasts_one_hour appointment.appointment_starts_on_the_hour"
FREE = "appointment.appointment_doctor_free appointment.appointment_patient_free"
WITHIN = "appointment.appointment_within_availability"


@pytest.fixture
def validating(engine, chosen, now) -> Validating:
    return Validating(engine, chosen, now, (*SCHEDULE, OTHER_HOURS, CUT_BY_RESCHEDULE))


@pytest.fixture
def hospital(network):
    return network.hospital("Europe/Lisbon")


@pytest.fixture
def doctor(network, hospital):
    """Sees patients on the third day from 9 to 12."""
    doctor = network.doctor("cardiology")
    network.availability(doctor, hospital, 9, 12, day=2)
    return doctor


def restore(validating, *names: str) -> None:
    """Put rules back as they were."""
    validating.by_hand(*(rule.statement for rule in RULES if rule.name in names))


def start_of(network, appointment):
    return network.get(Appointment, appointment).during.lower


def test_of_two_that_overlap_the_one_that_was_booked_later_moves(network, validating, hospital, doctor):
    first = network.appointment(doctor, hospital, 9, day=2)
    validating.by_hand(without=FREE)
    second = network.appointment(doctor, hospital, 9, day=2)
    [finding] = validating.report()
    assert subjects([finding]) == [("doctor_double_booked", about(Kind.APPOINTMENT, first, second))]
    assert finding.remedy == {
        "kind": "move_appointment",
        "appointment": str(second),
        "doctor": str(doctor),
        "hospital": str(hospital),
        "start": "2030-01-09T10:00:00Z",
    }
    validating.apply(finding)
    restore(validating, "appointment_doctor_free", "appointment_patient_free")
    assert validating.report() == []
    assert (start_of(network, first), start_of(network, second)) == (network.at(9, 2), network.at(10, 2))


def test_a_patient_who_is_to_be_in_two_places_goes_to_the_second_later(network, validating, hospital, doctor):
    there, other = network.hospital(), network.doctor("dermatology")
    network.availability(other, there, 9, 12, day=2)
    patient = network.patient()
    network.appointment(doctor, hospital, 9, patient, day=2)
    validating.by_hand(without=FREE)
    second = network.appointment(other, there, 9, patient, day=2)
    [finding] = validating.report()
    validating.apply(finding)
    assert (start_of(network, second), validating.report()) == (network.at(10, 2), [])


@pytest.mark.parametrize(
    ("broken", "during"),
    [
        (Code.OFF_THE_HOUR, "[2030-01-09 09:30+00, 2030-01-09 10:30+00)"),
        (Code.NOT_ONE_HOUR, "[2030-01-09 09:00+00, 2030-01-09 10:30+00)"),
    ],
)
def test_an_hour_that_is_none_becomes_one(network, validating, hospital, doctor, broken, during):
    appointment = network.appointment(doctor, hospital, 9, day=2)
    edit = "UPDATE appointment SET during = CAST(:during AS tstzrange)"
    validating.by_hand(edit, during=during, without=TIMES)
    [finding] = validating.report()
    assert subjects([finding]) == [(broken, about(Kind.APPOINTMENT, appointment))]
    validating.apply(finding)
    assert validating.report() == []
    row = network.get(Appointment, appointment)
    assert row.during.upper - row.during.lower == timedelta(hours=1)


def test_those_whose_availability_is_gone_all_get_hours_that_fit_together(network, validating, hospital, doctor):
    stand_in = network.doctor("cardiology")
    network.availability(stand_in, hospital, 9, 12, day=3)
    booked = [network.appointment(doctor, hospital, hour, day=2) for hour in (9, 10, 11)]
    validating.by_hand("DELETE FROM availability WHERE doctor_id = :doctor", doctor=doctor, without=WITHIN)
    found = validating.report()
    assert {each.code for each in found} == {Code.OUTSIDE_AVAILABILITY}
    for finding in found:
        validating.apply(finding)
    restore(validating, "appointment_within_availability")
    assert validating.report() == []
    assert {start_of(network, each) for each in booked} == {network.at(hour, 3) for hour in (9, 10, 11)}


def test_where_no_hour_is_left_the_finding_says_why(network, validating, hospital, doctor):
    for hour in (10, 11):
        network.appointment(doctor, hospital, hour, day=2)
    [first] = [network.appointment(doctor, hospital, 9, day=2)]
    validating.by_hand(without=FREE)
    network.appointment(doctor, hospital, 9, day=2)
    [finding] = validating.report()
    assert finding.remedy is None
    assert finding.facts["unplaced"].startswith("Appointments hold every hour in which Dr. Who could see the patient")
    network.write(update(Appointment).where(Appointment.id == first).values(status="cancelled"))
    assert validating.report() == []


def test_a_remedy_is_looked_for_anew_every_time(network, validating, hospital, doctor):
    network.appointment(doctor, hospital, 9, day=2)
    validating.by_hand(without=FREE)
    network.appointment(doctor, hospital, 9, day=2)
    [finding] = validating.report()
    assert finding.remedy["start"] == "2030-01-09T10:00:00Z"
    network.appointment(doctor, hospital, 10, day=2)
    [later] = validating.report()
    assert (later.id, later.remedy["start"]) == (finding.id, "2030-01-09T11:00:00Z")
    last = network.appointment(doctor, hospital, 11, day=2)
    [without] = validating.report()
    assert (without.remedy, "unplaced" in without.facts) == (None, True)
    network.write(update(Appointment).where(Appointment.id == last).values(status="cancelled"))
    [again] = validating.report()
    assert (again.remedy, again.facts) == (later.remedy, {})


def test_an_hour_that_is_taken_meanwhile_is_refused_though_no_rule_is_left_to_refuse_it(
    network, validating, hospital, doctor
):
    network.appointment(doctor, hospital, 9, day=2)
    validating.by_hand(without=FREE)
    second = network.appointment(doctor, hospital, 9, day=2)
    [finding] = validating.report()
    taken = network.appointment(doctor, hospital, 10, day=2)
    with pytest.raises(Refused) as refused:
        validating.apply(finding)
    codes = [each.code for each in refused.value.faults]
    assert codes == ["remedy_outdated", "hour_taken_since"]
    assert str(taken) in refused.value.faults[1].message
    assert start_of(network, second) == network.at(9, 2)
    assert validating.standing()[0].remedied_at is None


def test_an_hour_that_is_lost_meanwhile_is_refused_with_the_reasons_of_a_move(network, validating, hospital, doctor):
    network.appointment(doctor, hospital, 9, day=2)
    half_past = "[2030-01-09 09:30+00, 2030-01-09 10:30+00)"
    validating.by_hand(f"UPDATE appointment SET during = '{half_past}'", without=TIMES)
    [finding] = validating.report()
    validating.by_hand(f"UPDATE availability SET during = '{half_past}'")
    with pytest.raises(Refused) as refused:
        validating.apply(finding)
    assert [each.code for each in refused.value.faults] == ["remedy_outdated", "no_availability"]


def test_hours_that_others_are_promised_are_not_offered_twice(network, validating, hospital, doctor):
    """A patient's appointments at two hospitals are planned one hospital after the other."""
    there, other = network.hospital(), network.doctor("dermatology")
    network.availability(other, there, 9, 12, day=2)
    patient = network.patient()
    for whose, where, day in ((doctor, hospital, 3), (other, there, 4)):
        network.availability(whose, where, 9, 10, day=day)
        network.appointment(whose, where, 9, patient, day=day)
    gone = "DELETE FROM availability WHERE lower(during) > :since"
    validating.by_hand(gone, since=network.at(0, 3), without=WITHIN)
    found = validating.report()
    starts = [each.remedy["start"] for each in found]
    assert len(set(starts)) == 2
    for finding in found:
        validating.apply(finding)
    assert validating.report() == []


def test_what_is_broken_elsewhere_keeps_no_remedy_back(network, validating, hospital, doctor):
    """Others that overlap, at a hospital that is not validated and one whose clock nobody knows."""
    there, other = network.hospital(), network.doctor("cardiology")
    network.availability(other, there, 9, 12, day=2)
    network.appointment(doctor, hospital, 9, day=2)
    validating.by_hand(without=f"{FREE} hospital.hospital_timezone_known")
    network.appointment(doctor, hospital, 9, day=2)
    for _ in range(2):
        network.appointment(other, there, 10, day=2)
    [finding] = validating.report(hospital)
    assert finding.remedy["start"] == "2030-01-09T10:00:00Z"
    nowhere = network.hospital()
    network.availability(other, nowhere, 9, 12, day=3)
    validating.by_hand("UPDATE hospital SET timezone = 'Mars/Base' WHERE id = :id", id=nowhere)
    [finding] = validating.report(hospital)
    assert finding.remedy["start"] == "2030-01-09T10:00:00Z"


def test_a_schedule_that_cannot_be_read_costs_the_remedy_only(network, validating, hospital, doctor):
    network.appointment(doctor, hospital, 9, day=2)
    whole = "availability.availability_period_whole availability.availability_within_openings"
    validating.by_hand(without=f"{FREE} {whole}")
    network.appointment(doctor, hospital, 9, day=2)
    endless = "UPDATE availability SET during = tstzrange(lower(during), 'infinity')"
    validating.by_hand(endless)
    found = {each.code: each.remedy for each in validating.report()}
    assert found[Code.PERIOD_MALFORMED] is None
    assert found[Code.DOCTOR_DOUBLE_BOOKED] is None
    assert found.keys() == {Code.PERIOD_MALFORMED, Code.DOCTOR_DOUBLE_BOOKED}


def test_nobody_is_moved_who_has_begun_or_whom_somebody_else_is_moving(network, validating, hospital, doctor, now):
    network.availability(doctor, hospital, 6, 9)
    patient = network.patient()
    appointment = network.appointment(doctor, hospital, 9, patient, day=2)
    validating.by_hand(without=FREE)
    begun = [network.appointment(doctor, hospital, 6) for _ in range(2)]
    other = network.appointment(doctor, hospital, 9, day=2)
    network.request([doctor], (48, 72), moves=other, patient=network.get(Appointment, other).patient_id)
    of_begun, to_come = sorted(validating.report(), key=lambda each: str(begun[0]) not in each.key)
    assert of_begun.remedy is None
    assert to_come.remedy["appointment"] == str(appointment)
    network.reschedule({"appointments": [str(appointment)]}, now, cause="appointments")
    assert [each.remedy for each in validating.report()] == [None, None]


def close(validating, since: str, until: str) -> None:
    """Let nothing be open then, as hands do that know no better."""
    validating.by_hand(
        "CREATE TEMPORARY TABLE open ON COMMIT DROP AS SELECT hospital_id, unnest("
        " tstzmultirange(during) - tstzmultirange(tstzrange(CAST(:since AS timestamptz), CAST(:until AS timestamptz)))"
        ") AS during FROM opening",
        "DELETE FROM opening",
        "INSERT INTO opening (hospital_id, during) SELECT hospital_id, during FROM open",
        f"{RULES[3].statement} NOT VALID",
        without="availability.availability_within_openings",
        since=since,
        until=until,
    )


def test_an_availability_outside_the_openings_is_cut_once_all_in_it_have_other_hours(
    network, validating, hospital, doctor, chosen
):
    network.availability(doctor, hospital, 9, 12, day=3)
    kept, lost = (network.appointment(doctor, hospital, hour, day=2) for hour in (9, 11))
    close(validating, "2030-01-09 10:30+00", "2030-01-09 12:00+00")
    [finding] = validating.report()
    assert (finding.code, finding.remedy["kind"]) == (Code.AVAILABILITY_OUTSIDE_OPENINGS, "reschedule")
    job = validating.apply(finding).made["reschedule"]
    assert plan_next_reschedule(chosen, worker="w", clock=lambda: validating.now)
    with Session(network.engine) as session, session.begin():
        apply_reschedule(session, job, None, validating.now)
    assert validating.report() == []
    assert start_of(network, kept) == network.at(9, 2)
    assert start_of(network, lost) in [network.at(hour, 3) for hour in (9, 10, 11)]


def test_where_somebody_in_it_has_no_other_hour_nothing_is_offered(network, validating, hospital, doctor):
    for hour in (9, 11):
        network.appointment(doctor, hospital, hour, day=2)
    close(validating, "2030-01-09 10:00+00", "2030-01-09 12:00+00")
    [finding] = validating.report()
    assert finding.remedy is None
    assert finding.facts["unplaced"]


def test_what_lies_outside_in_several_pieces_is_for_people_to_cut(network, validating, hospital, doctor):
    network.availability(doctor, hospital, 9, 12, day=3)
    network.appointment(doctor, hospital, 11, day=2)
    for since, until in (("09:30", "10:00"), ("11:00", "12:00")):
        close(validating, f"2030-01-09 {since}+00", f"2030-01-09 {until}+00")
    [finding] = validating.report()
    assert (finding.remedy, "unplaced" in finding.facts) == (None, False)


def test_an_availability_outside_the_openings_that_nobody_stands_in_is_cut_at_once(
    network, validating, hospital, doctor
):
    kept = network.appointment(doctor, hospital, 9, day=2)
    close(validating, "2030-01-09 10:30+00", "2030-01-09 12:00+00")
    [finding] = validating.report()
    assert (finding.code, finding.remedy["kind"]) == (Code.AVAILABILITY_OUTSIDE_OPENINGS, "trim_availability")
    validating.apply(finding)
    assert validating.report() == []
    assert start_of(network, kept) == network.at(9, 2)
