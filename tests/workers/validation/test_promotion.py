"""Conflicts that can be booked since hours came free: offered in turn, confirmed by staff or booked at once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from models.booking import BookingRequest, RequestStatus
from models.faults import Refused
from models.people import User
from models.schedule import Appointment, AppointmentStatus
from models.validation.codes import Code, Severity
from models.validation.found import Entity, Found, Kind
from models.validation.remedies.kinds import MoveAppointment
from models.validation.tables import Change, Finding, Sighting
from planner.problem import Priority
from tests.workers.validation.validating import Validating, about, subjects
from workers.validation.step import Slice, Step
from workers.validation.worth.promotion import PROMOTION


@pytest.fixture
def validating(engine, chosen, now) -> Validating:
    return Validating(engine, chosen, now, (PROMOTION,))


@pytest.fixture
def automatic(validating) -> Validating:
    validating.chosen = validating.chosen.model_copy(update={"promote_conflicts": "automatic"})
    return validating


@pytest.fixture
def hospital(network):
    return network.hospital("Europe/Lisbon")


@pytest.fixture
def doctor(network):
    return network.doctor("cardiology")


@pytest.fixture
def waits(network):
    """A request in conflict, which waits since so many days before the network's first."""

    def wait(doctors=(), window=(9, 12), *, since: float = 1, **values):
        decided = {"status": RequestStatus.CONFLICT, "decided_at": network.midnight}
        queued = network.midnight - timedelta(days=since)
        return network.request(doctors, window, queued_at=queued, **decided, **values)

    return wait


def offered(findings: list[Finding]) -> dict[object, tuple[object, object]]:
    """Doctor and start, by request."""
    return {each.remedy["booking_request"]: (each.remedy["doctor"], each.remedy["start"]) for each in findings}


def test_where_no_hour_is_free_nothing_is_found(network, validating, hospital, doctor, waits):
    network.availability(doctor, hospital, 9, 10)
    network.appointment(doctor, hospital, 9)
    waits([doctor])
    assert validating.report() == []


def test_an_hour_that_came_free_is_offered_confirmed_and_gone(network, validating, hospital, doctor, waits):
    network.availability(doctor, hospital, 9, 10)
    taken = network.appointment(doctor, hospital, 9)
    request = waits([doctor])
    assert validating.report() == []
    network.write(update(Appointment).where(Appointment.id == taken).values(status="cancelled"))
    (finding,) = validating.report()
    assert subjects([finding]) == [("conflict_bookable", about(Kind.BOOKING_REQUEST, request))]
    assert (finding.severity, finding.hospitals) == (Severity.NOTICE, [hospital])
    assert finding.message == (
        "The routine request that has waited since Sun 6 Jan 2030 00:00 (Europe/Lisbon) can be booked now: with"
        " Dr. Who at Hospital 0, Mon 7 Jan 2030 09:00 (Europe/Lisbon)."
    )
    applied = validating.apply(finding)
    appointment = network.get(Appointment, applied.made["appointment"])
    assert (appointment.doctor_id, appointment.during.lower) == (doctor, network.at(9))
    assert network.get(BookingRequest, request).status is RequestStatus.BOOKED
    assert validating.report() == []


def test_the_most_important_go_first_and_of_these_who_has_waited_longest(network, validating, hospital, doctor, waits):
    network.availability(doctor, hospital, 9, 11)
    waits([doctor], since=9)
    waits([doctor], since=1, priority=Priority.SOON)
    older = waits([doctor], since=2, priority=Priority.SOON)
    urgent = waits([doctor], since=0.5, priority=Priority.URGENT)
    assert offered(validating.report()).keys() == {str(older), str(urgent)}


def test_all_that_are_offered_can_be_booked(network, validating, hospital, doctor, waits):
    """One patient waits twice, and one who could only come at nine keeps the other from it."""
    colleague = network.doctor("cardiology")
    network.availability(doctor, hospital, 9, 11)
    network.availability(colleague, hospital, 9, 10)
    patient = network.patient()
    waits([doctor, colleague], patient=patient)
    waits([doctor, colleague], patient=patient)
    waits([doctor], (9, 10))
    found = validating.report()
    assert len(found) == 3
    for each in found:
        validating.apply(each)
    assert validating.report() == []
    assert {each.status for each in network.all(BookingRequest)} == {RequestStatus.BOOKED}


def test_an_hour_taken_since_is_refused_and_offered_to_nobody_then(network, validating, hospital, doctor, waits):
    network.availability(doctor, hospital, 9, 10)
    waits([doctor])
    (finding,) = validating.report()
    network.appointment(doctor, hospital, 9)
    with pytest.raises(Refused):
        validating.apply(finding)
    assert validating.report() == []


def test_who_can_no_longer_be_booked_is_not_offered_anything(network, validating, hospital, doctor, waits):
    """Not whose time is over, who left, who is booked already; nor with a doctor who left."""
    departed = network.doctor("cardiology")
    network.availability(doctor, hospital, 0, 12)
    network.availability(departed, hospital, 0, 12)
    network.write(update(User).where(User.id == departed).values(active=False))
    waits([doctor], (1, 6.5))
    waits([doctor], patient=network.patient(active=False))
    network.request([doctor], (9, 12), status="booked", decided_at=network.midnight)
    network.request([doctor], (9, 12))
    waits([departed])
    ended = network.appointment(doctor, hospital, 7)
    waits([doctor], patient=network.get(Appointment, ended).patient_id, moves=ended)
    network.write(update(Appointment).where(Appointment.id == ended).values(status=AppointmentStatus.NO_SHOW))
    assert validating.report() == []


def test_no_hour_that_has_begun_is_offered(network, validating, hospital, doctor, waits):
    network.availability(doctor, hospital, 5, 8)
    request = waits([doctor], (0, 24))
    assert offered(validating.report()) == {str(request): (str(doctor), "2030-01-07T07:00:00Z")}


def test_an_appointment_is_moved_for_a_request_that_asked_for_that(network, validating, hospital, doctor, waits):
    """Its old hour is offered to nobody before it is left."""
    network.availability(doctor, hospital, 9, 11)
    old = network.appointment(doctor, hospital, 9)
    patient = network.get(Appointment, old).patient_id
    moving = waits([doctor], patient=patient, moves=old)
    waits([doctor], (9, 12), since=3, moves=old, patient=patient, priority=Priority.URGENT)
    waits([doctor], (9, 10), since=9)
    (finding,) = validating.report()
    assert finding.remedy["booking_request"] != str(moving)  # the more important of two that move it
    assert validating.apply(finding).made == {"appointment": str(old)}
    assert network.get(Appointment, old).during.lower == network.at(10)


def test_a_hospital_is_told_of_its_own_hours_whoever_asks(network, validating, hospital, waits):
    """Everybody who waits is planned, so that the validation of one hospital offers what that of another does."""
    there = network.hospital("Asia/Kolkata")
    here, away = network.doctor("cardiology"), network.doctor("cardiology")
    network.availability(here, hospital, 9, 10)
    network.availability(away, there, 9.5, 10.5)
    first, second = waits([here, away], since=2), waits([away, here])
    whole = offered(validating.report())
    assert whole.keys() == {str(first), str(second)}
    assert offered(validating.report(hospital)) == whole
    seen = [each.finding_id for each in network.all(Sighting) if each.change is Change.STANDING]
    assert [network.get(Finding, id_).hospitals for id_ in seen] == [[hospital]]


def test_an_hour_that_is_offered_to_an_appointment_that_has_to_move_is_offered_to_nobody_else(
    network, validating, hospital, doctor, waits
):
    network.availability(doctor, hospital, 9, 11)
    request = waits([doctor], (9, 12))
    standing = network.appointment(doctor, hospital, 10)
    hour = MoveAppointment(appointment=standing, doctor=doctor, hospital=hospital, start=network.at(9))
    broken = Found(Code.OUTSIDE_AVAILABILITY, (Entity(Kind.APPOINTMENT, str(standing)),), "…", remedy=hour.stored)
    finder = Step(
        "a finder", frozenset({broken.code}), lambda _session, _scope: 0, lambda _s, _a: iter([Slice([broken])])
    )
    validating.steps = (finder, PROMOTION)
    assert {each.code for each in validating.report()} == {broken.code}
    network.write(update(Finding).values(remedied_at=validating.now))
    validating.steps = (PROMOTION,)
    assert offered([each for each in validating.report() if each.code is not broken.code]).keys() == {str(request)}


def test_automatic_books_at_once_and_the_finding_shows_it(network, automatic, hospital, doctor, waits):
    network.availability(doctor, hospital, 9, 10)
    request = waits([doctor])
    (finding,) = automatic.report()
    assert finding.remedied_at == automatic.now
    assert network.get(BookingRequest, request).status is RequestStatus.BOOKED
    assert automatic.report() == []


def test_automatic_lets_be_what_somebody_lets_be(network, automatic, hospital, doctor, waits):
    network.availability(doctor, hospital, 9, 10)
    request = waits([doctor])
    until = {"acknowledged_until": network.at(0, 1), "acknowledged_because": "The patient is asked first."}
    confirm = automatic.chosen.model_copy(update={"promote_conflicts": "confirm"})
    Validating(automatic.engine, confirm, automatic.now, automatic.steps).report()
    network.write(update(Finding).values(until))
    automatic.report()
    assert network.get(BookingRequest, request).status is RequestStatus.CONFLICT


def test_automatic_leaves_an_hour_to_whoever_was_quicker(network, automatic, hospital, doctor, waits):
    """Somebody books the hour when the finding has been written and the hour has not been taken."""
    network.availability(doctor, hospital, 9, 10)
    request = waits([doctor])

    def quicker(scope, after):
        for piece in PROMOTION.carry_out(scope, after):
            yield piece
            network.appointment(doctor, hospital, 9)

    automatic.steps = (replace(PROMOTION, carry_out=quicker),)
    (finding,) = automatic.report()
    assert finding.remedied_at is None
    assert network.get(BookingRequest, request).status is RequestStatus.CONFLICT
    automatic.steps = (PROMOTION,)
    assert automatic.report() == []


WITHOUT_RULES = """
DO $$
DECLARE
    rule record;
BEGIN
    FOR rule IN
        SELECT CAST(CAST(conrelid AS regclass) AS text) AS at, conname FROM pg_constraint
        WHERE CAST(CAST(conrelid AS regclass) AS text) NOT IN ('validation_report', 'finding', 'sighting')
            AND connamespace = CAST('public' AS regnamespace) AND contype <> 'n'
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', rule.at, rule.conname);
    END LOOP;
END $$
"""


def test_what_breaks_the_rules_is_no_hour_and_stops_nobody(network, validating, hospital, doctor, waits):
    """Endless and empty periods, people and places that are not there, a zone that is none, rows twice."""
    network.availability(doctor, hospital, 9, 11)
    network.availability(doctor, network.hospital("Asia/Kolkata"), 11, 12)
    request = waits([doctor], (9, 12))
    waits([doctor], (9, 12), specialty="nothing")
    validating.by_hand(
        WITHOUT_RULES,
        "INSERT INTO availability (doctor_id, hospital_id, during)"
        " SELECT doctor_id, hospital_id, 'empty' FROM availability",
        "INSERT INTO availability (doctor_id, hospital_id, during)"
        " SELECT doctor_id, hospital_id, '[2029-01-01, infinity)' FROM availability LIMIT 1",
        "INSERT INTO availability (doctor_id, hospital_id, during)"
        " SELECT doctor_id, uuidv7(), '[2030-01-07 06:00Z, 2030-01-07 08:00Z)' FROM availability LIMIT 1",
        "INSERT INTO opening (hospital_id, during) SELECT hospital_id, '[2029-01-01,)' FROM availability LIMIT 1",
        "INSERT INTO patient SELECT * FROM patient",
        "INSERT INTO booking_request_doctor SELECT id, uuidv7(), 7 FROM booking_request",
        "INSERT INTO appointment (patient_id, doctor_id, hospital_id, timezone, during)"
        " SELECT patient_id, uuidv7(), uuidv7(), 'UTC', '[2030-01-07 10:00Z, 2030-01-07 11:00Z)' FROM booking_request",
        "UPDATE booking_request SET latest = 'infinity', preferred = '-infinity'",
        "INSERT INTO booking_request (patient_id, priority, earliest, latest, status, decided_at)"
        " SELECT patient_id, 'whatever', earliest, latest, 'conflict', decided_at FROM booking_request",
        "INSERT INTO booking_request SELECT * FROM booking_request",
        "INSERT INTO hospital SELECT * FROM hospital",
        "UPDATE hospital SET timezone = 'Mars/Olympus' WHERE timezone = 'Asia/Kolkata'",
    )
    assert offered(validating.report()) == {str(request): (str(doctor), "2030-01-07T09:00:00Z")}
