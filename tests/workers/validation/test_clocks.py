"""Clocks that nobody knows, and rows moved past the triggers that note what people are told."""

from uuid import UUID

import pytest

from models.session import transaction
from models.validation.found import Kind
from models.validation.recording import KEPT
from planner.problem import HOUR
from tests.workers.conftest import NOW
from tests.workers.validation.clinic_of_lisbon import (
    TOMORROW,
    available,
    booked,
    open_lisbon,
)
from tests.workers.validation.corrupting import corrupt
from tests.workers.validation.validating import Validating, about, subjects
from workers.validation.clocks import CLOCKS, told
from workers.validation.step import Scope


@pytest.fixture
def lisbon(chosen) -> UUID:
    return open_lisbon()


@pytest.fixture
def validating(engine, chosen, lisbon) -> Validating:
    return Validating(engine, chosen, NOW, CLOCKS)


def test_a_hospital_whose_zone_nobody_knows_is_one_finding(lisbon, superuser, validating):
    validating.by_hand(without="hospital.hospital_timezone_known")
    corrupt(superuser, "UPDATE hospital SET timezone = 'Mars/Olympus'")
    [finding] = validating.report()
    assert subjects([finding]) == [("timezone_unknown", about(Kind.HOSPITAL, lisbon))]
    assert finding.message.startswith("Python and PostgreSQL do not know 'Mars/Olympus', the time zone of Lisbon.")
    assert subjects(validating.report(lisbon)) == subjects([finding])


@pytest.mark.parametrize("zone", ["europe/lisbon", "Europe", "zone.tab", "../Lisbon", "UTC+3", ""])
def test_a_zone_that_one_database_does_not_know_is_named_so(superuser, validating, zone):
    validating.by_hand(without="hospital.hospital_timezone_known")
    corrupt(superuser, "UPDATE hospital SET timezone = :zone", zone=zone)
    [finding] = validating.report()
    assert finding.code == "timezone_unknown"
    assert "Python" in finding.facts["unknown_to"]


def test_another_zone_of_a_hospital_does_not_forget_what_people_were_told(lisbon, validating):
    validating.by_hand("UPDATE hospital SET timezone = 'Europe/Madrid'")
    codes = sorted(each.code for each in validating.report(lisbon))
    assert codes == ["availability_shifted", "hour_shifted"]


def test_an_appointment_that_goes_by_another_clock_is_found_and_mended(lisbon, superuser, validating):
    corrupt(superuser, "UPDATE appointment SET timezone = 'Europe/Madrid'")
    [finding] = validating.report(lisbon)
    assert finding.code == "timezone_contradicted"
    assert finding.message == (
        "An appointment at Lisbon goes by the clock of 'Europe/Madrid', and the hospital by that of 'Europe/Lisbon'."
    )
    validating.by_hand(finding.remedy["sql"])
    assert validating.report(lisbon) == []


def test_an_appointment_moved_to_another_free_hour_is_found(superuser, validating):
    corrupt(superuser, "UPDATE appointment SET during = tstzrange(lower(during) - interval '1 hour', lower(during))")
    [finding] = validating.report()
    assert finding.code == "hour_shifted"
    assert "was booked for Tue 8 Jan 2030 10:00" in finding.message
    assert "starts at Tue 8 Jan 2030 09:00" in finding.message
    validating.apply(finding)
    assert validating.report() == []


@pytest.mark.parametrize("hours", [-5, 5, 24])
def test_one_moved_out_of_its_availability_is_for_others_to_tell(superuser, validating, hours):
    move = "UPDATE appointment SET during = tstzrange(lower(during) + :by, upper(during) + :by)"
    corrupt(superuser, move, by=hours * HOUR)
    assert validating.report() == []


def test_one_moved_onto_another_is_for_others_to_tell(superuser, validating):
    with transaction() as session:
        booked(session, TOMORROW + 11 * HOUR, "q")
    validating.by_hand(without="appointment.appointment_doctor_free")
    corrupt(superuser, "UPDATE appointment SET during = (SELECT during FROM appointment ORDER BY during DESC LIMIT 1)")
    assert validating.report() == []


@pytest.mark.parametrize("hours", [-3, 4, 48])
def test_an_availability_moved_away_from_its_appointment_is_for_others_to_tell(superuser, validating, hours):
    move = "UPDATE availability SET during = tstzrange(lower(during) + :by, upper(during) + :by)"
    corrupt(superuser, move, by=hours * HOUR)
    assert validating.report() == []


def test_what_nobody_knows_was_told_is_no_finding(superuser, validating):
    corrupt(superuser, "UPDATE appointment SET local_start = NULL", "UPDATE availability SET local_end = 'infinity'")
    assert validating.report() == []


def test_what_has_begun_is_no_finding(superuser, validating):
    corrupt(superuser, "UPDATE appointment SET during = tstzrange(lower(during) - interval '1 hour', lower(during))")
    validating.now = TOMORROW + 9.5 * HOUR
    assert validating.report() == []


def test_a_row_without_an_id_hides_no_other_one(superuser, validating):
    """It breaks another rule, and comes last."""
    with transaction() as session:
        booked(session, TOMORROW + 11 * HOUR)
    corrupt(
        superuser,
        "ALTER TABLE appointment DROP CONSTRAINT appointment_key CASCADE, ALTER id DROP NOT NULL",
        "UPDATE appointment SET local_start = local_start + interval '3 hours'",
        "UPDATE appointment SET id = NULL WHERE id = (SELECT id FROM appointment ORDER BY id DESC LIMIT 1)",
    )
    assert [each.code for each in validating.report()] == ["hour_shifted"]


def test_very_many_are_found_slice_by_slice_and_from_any_of_them_on(superuser, engine, chosen, validating, monkeypatch):
    monkeypatch.setattr(told, "PAGE", 2)
    with transaction() as session:
        for day in range(5):
            available(session, TOMORROW + 13 * HOUR + day * 24 * HOUR, TOMORROW + 16 * HOUR + day * 24 * HOUR)
            booked(session, TOMORROW + (day * 24 + 14) * HOUR)
    corrupt(superuser, "UPDATE appointment SET local_start = local_start + interval '3 hours'")
    [step] = [each for each in CLOCKS if each.name == "What the clock shows"]
    scope = Scope(UUID(int=0), None, NOW, chosen, lambda: NOW)
    slices = list(step.carry_out(scope, None))
    found = [each.key for piece in slices for each in piece.found]
    assert len(found) == len(set(found)) == 6
    assert sum(piece.rows for piece in slices) == 12
    for done, piece in enumerate(slices[:-1], start=1):
        rest = [each.key for after in step.carry_out(scope, piece.after) for each in after.found]
        before = [each.key for earlier in slices[:done] for each in earlier.found]
        assert before + rest == found
    assert slices[-1].after is None
    assert len(found) < KEPT
