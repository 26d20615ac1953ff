"""A newer time-zone database: whose hours the clock shows otherwise than people were told, and how they are put back.

PostgreSQL runs out of a copy of its wheel here, so that its time zones can be swapped as well as Python's.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cli.embedded.databases import create_database
from models.appointments import book_appointments
from models.availabilities import change_availability, create_availabilities
from models.deliveries.handing import use_channels
from models.deliveries.tables import Channel
from models.directory import upsert_patients, upsert_users
from models.hospitals import Opening
from models.hours import create_hospitals
from models.inputs import AppointmentIn, AvailabilityIn, HospitalIn, HoursIn, PatientIn, UserIn, Weekday
from models.migrate import upgrade
from models.operations import OutboxMessage
from models.people import Role
from models.rescheduling.tables import FormerHour
from models.schedule import Appointment, Availability
from models.session import transaction
from models.validation.found import Kind
from tests.workers.conftest import NOW
from tests.workers.validation.clockwork import Databases, services_of_our_own
from tests.workers.validation.validating import Validating, about, subjects
from workers.validation.clocks import CLOCKS

SWAP = datetime(2030, 2, 1, tzinfo=UTC)
"""From then on Lisbon's clock is to be an hour ahead."""

WEEK = {day: [HoursIn(opens="09:00", closes="17:00")] for day in Weekday}
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def our_services() -> Iterator[tuple]:
    with services_of_our_own() as own:
        yield own


@pytest.fixture(scope="module")
def template(our_services) -> str:
    services, _ = our_services
    name = "slotwise_template"
    upgrade(create_database(services.database_url, name))
    return name


@pytest.fixture
def database_url(our_services, template, request) -> str:
    services, _ = our_services
    return create_database(services.database_url, f"own_{next(NUMBERS)}", template)


NUMBERS = count()


@pytest.fixture
def databases(our_services, chosen, tmp_path) -> Iterator[Databases]:
    _, folders = our_services
    assert folders
    databases = Databases(tmp_path / "zoneinfo", folders)
    yield databases
    databases.restore()


@pytest.fixture
def validating(engine, chosen, databases) -> Validating:
    return Validating(engine, chosen, NOW, CLOCKS)


@dataclass
class Town:
    """Two hospitals at Lisbon's clock, one at Delhi's, and two doctors."""

    lisbon: UUID
    porto: UUID
    delhi: UUID

    def available(self, day: datetime, opens: int, closes: int, doctor: str = "d0", hospital: str = "lisbon") -> UUID:
        with transaction() as session:
            start, end = day + opens * HOUR, day + closes * HOUR
            [id_] = create_availabilities(
                session, [AvailabilityIn(doctor=doctor, hospital=hospital, start=start, end=end)]
            )
            return id_

    def booked(self, day: datetime, hour: int, patient: str = "p0", doctor: str = "d0", hospital="lisbon") -> UUID:
        with transaction() as session:
            wanted = AppointmentIn(patient=patient, doctor=doctor, hospital=hospital, start=day + hour * HOUR)
            [id_] = book_appointments(session, [wanted], NOW)
            return id_


@pytest.fixture
def town(chosen) -> Town:
    places = {"lisbon": "Europe/Lisbon", "porto": "Europe/Lisbon", "delhi": "Asia/Kolkata"}
    with transaction() as session:
        use_channels(session, [Channel.EMAIL])
        ids = create_hospitals(
            session,
            [
                HospitalIn(external_id=name, name=name.title(), timezone=zone, operating_hours=WEEK)
                for name, zone in places.items()
            ],
            NOW,
        )
        users = {f"d{n}": UserIn(name=f"Dr {n}", role=Role.DOCTOR, specialties=["cardiology"]) for n in range(2)}
        upsert_users(session, users)
        upsert_patients(session, {f"p{n}": PatientIn(name=f"Patient {n}") for n in range(4)})
    return Town(*ids)


BEFORE, AFTER = datetime(2030, 1, 15, tzinfo=UTC), datetime(2030, 2, 12, tzinfo=UTC)


@pytest.fixture
def planned(town) -> dict[str, UUID]:
    """A doctor's day before the swap and one after it, with appointments; the last day's touch each other."""
    town.available(BEFORE, 9, 12)
    town.booked(BEFORE, 9)
    morning, noon = town.available(AFTER, 9, 12), town.available(AFTER, 12, 15)
    first, second = town.booked(AFTER, 9), town.booked(AFTER, 10, "p1")
    third = town.booked(AFTER, 11, "p2")
    return {"morning": morning, "noon": noon, "first": first, "second": second, "third": third}


def clock_in_database(engine, timezone: str, at: datetime) -> datetime:
    with engine.connect() as connection:
        return connection.execute(select(func.timezone(timezone, at))).scalar_one()


def test_the_databases_can_be_swapped_and_put_back(engine, databases):
    noon = datetime(2030, 2, 12, 12, tzinfo=UTC)
    databases.swap("Europe/Lisbon", SWAP, HOUR)
    engine.dispose()
    assert clock_in_database(engine, "Europe/Lisbon", noon).hour == 13
    databases.restore()
    engine.dispose()
    assert clock_in_database(engine, "Europe/Lisbon", noon).hour == 12


def test_nothing_is_found_where_nothing_changed(planned, validating):
    assert validating.report() == []


def test_hours_that_the_clock_shifted_are_found_and_nothing_else(engine, town, planned, validating, databases):
    databases.swap("Europe/Lisbon", SWAP, HOUR)
    engine.dispose()
    findings = validating.report(town.lisbon)
    assert sorted(subjects(findings)) == sorted(
        [
            *(("availability_shifted", about(Kind.AVAILABILITY, planned[each])) for each in ("morning", "noon")),
            *(("hour_shifted", about(Kind.APPOINTMENT, planned[each])) for each in ("first", "second", "third")),
        ]
    )
    by_key = {each.key.split(":")[1]: each for each in findings}
    assert by_key[str(planned["second"])].message == (
        "An appointment with Dr 0 at Lisbon was booked for Tue 12 Feb 2030 10:00; by the clock there (Europe/Lisbon) it"
        " starts at Tue 12 Feb 2030 11:00."
    )
    assert by_key[str(planned["morning"])].message == (
        "The availability of Dr 0 at Lisbon was planned from Tue 12 Feb 2030 09:00 until Tue 12 Feb 2030 12:00; by the"
        " clock there (Europe/Lisbon) it starts at Tue 12 Feb 2030 10:00 and ends at Tue 12 Feb 2030 13:00."
    )
    assert all(each.remedy == {"kind": "restore_wall_clock", "hospital": str(town.lisbon)} for each in findings)
    assert all(each.hospitals == [town.lisbon] for each in findings)


def test_a_hospital_where_nobody_is_yet_has_openings_that_differ(engine, town, planned, validating, databases):
    databases.swap("Europe/Lisbon", SWAP, HOUR)
    engine.dispose()
    [finding] = validating.report(town.porto)
    assert subjects([finding]) == [("openings_differ", about(Kind.HOSPITAL, town.porto))]
    assert finding.message == (
        "The openings of Porto are 60 minutes too late from Fri 1 Feb 2030 09:00 (Europe/Lisbon) on, as where a newer"
        " time-zone database has changed its clock."
    )
    assert finding.remedy == {"kind": "restore_wall_clock", "hospital": str(town.porto)}
    validating.apply(finding)
    assert validating.report(town.porto) == []


def test_putting_the_clock_back_gives_everybody_the_hour_that_they_were_told(
    engine, town, planned, validating, databases
):
    databases.swap("Europe/Lisbon", SWAP, HOUR)
    engine.dispose()
    untouched = validating.report(town.lisbon)[0]
    with Session(engine) as session:
        assert session.get_one(Appointment, planned["first"]).version == 1, "trying a remedy leaves no trace"
        heard = session.scalar(select(func.max(OutboxMessage.id)))
    validating.apply(untouched)
    assert validating.report(town.lisbon) == []
    with Session(engine) as session:
        for name, hour in (("first", 9), ("second", 10), ("third", 11)):
            row = session.get_one(Appointment, planned[name])
            assert (row.local_start, row.during.lower) == (
                AFTER.replace(tzinfo=None) + hour * HOUR,
                AFTER + (hour - 1) * HOUR,
            )
            assert (row.version, row.status) == (2, "booked")
        for name, opens, closes in (("morning", 9, 12), ("noon", 12, 15)):
            place = session.get_one(Availability, planned[name])
            assert (place.local_start.hour, place.local_end.hour, place.version) == (opens, closes, 2)
            assert place.during.lower == AFTER + (opens - 1) * HOUR
        assert len(session.scalars(select(FormerHour)).all()) == 3
        told = session.scalars(select(OutboxMessage).where(OutboxMessage.id > heard)).all()
        moved = [each.payload for each in told if each.topic == "appointment.moved"]
        assert {each["appointment"] for each in moved} == {str(planned[each]) for each in ("first", "second", "third")}
        assert moved[0]["former_start"] != moved[0]["start"]
        assert {each.topic for each in told} >= {"hospital.hours_changed", "availability.changed"}
        during = session.scalars(select(Opening.during).where(Opening.hospital_id == town.lisbon)).all()
        assert AFTER + 8 * HOUR in {each.lower for each in during}


def test_a_remedy_that_cannot_be_is_not_offered_and_says_why(engine, town, planned, validating, databases):
    """A patient who was booked by today's clock stands where another one is to come back to."""
    databases.swap("Europe/Lisbon", SWAP, HOUR)
    engine.dispose()
    porto = validating.report(town.porto)[0]
    validating.apply(porto)
    town.available(AFTER, 8, 10, doctor="d1", hospital="porto")
    by_today = town.booked(AFTER, 8, "p0", doctor="d1", hospital="porto")
    findings = [each for each in validating.report(town.lisbon) if each.code == "hour_shifted"]
    assert len(findings) == 3
    assert all(each.remedy is None for each in findings)
    [reason] = findings[0].facts["against"]
    assert str(by_today) in reason
    assert "It cannot be put back as things are: The appointment " in findings[0].message
    assert not any(each.code == "openings_differ" and town.lisbon in each.hospitals for each in validating.standing())


def test_an_appointment_booked_by_todays_clock_is_not_left_behind(engine, town, planned, validating, databases):
    databases.swap("Europe/Lisbon", SWAP, HOUR)
    engine.dispose()
    late = town.booked(AFTER, 14, "p3")  # inside what is 12 to 15 by the old clock, and 13 to 16 by today's
    [reason, *_] = validating.report(town.lisbon)[0].facts["against"]
    assert str(late) in reason


def test_what_was_planned_anew_by_todays_clock_is_not_shifted(engine, town, planned, validating, databases):
    databases.swap("Europe/Lisbon", SWAP, HOUR)
    engine.dispose()
    with transaction() as session:
        change_availability(session, planned["noon"], AFTER + 12 * HOUR, AFTER + 16 * HOUR, None)
    found = subjects(validating.report(town.lisbon))
    assert ("availability_shifted", about(Kind.AVAILABILITY, planned["noon"])) not in found
    assert len(found) == 4


@pytest.mark.parametrize("python", [True, False])
def test_where_one_database_is_swapped_the_clocks_disagree_and_nothing_is_put_back(
    engine, town, planned, validating, databases, python
):
    databases.swap("Europe/Lisbon", SWAP, HOUR, python=python, postgresql=not python)
    engine.dispose()
    findings = validating.report()
    [zone] = [each for each in findings if each.code == "clocks_disagree"]
    assert zone.key == "clocks_disagree timezone:Europe/Lisbon"
    assert set(zone.hospitals) == {town.lisbon, town.porto}
    [first, *_] = zone.facts["periods"]
    assert first["start"] == SWAP.isoformat()
    assert {first["python"], first["postgresql"]} == {"UTC+00:00", "UTC+01:00"}
    assert first["python"] == ("UTC+01:00" if python else "UTC+00:00")
    others = [each for each in findings if each is not zone]
    assert {each.code for each in others} == {"hour_shifted", "availability_shifted"}
    assert len(others) == 5
    assert all(each.remedy is None and "bring both up to date" in each.message for each in others)
    assert subjects(validating.report(town.porto)) == subjects(findings)


def test_a_clock_that_moves_by_half_an_hour_is_put_back_to_the_full_hour(engine, town, planned, validating, databases):
    """The rule that appointments start on the hour stands, and no other change could be written."""
    databases.swap("Europe/Lisbon", SWAP, HOUR / 2)
    engine.dispose()
    findings = validating.report(town.lisbon)
    assert {each.code for each in findings} == {"hour_shifted", "availability_shifted"}
    validating.apply(findings[0])
    assert validating.report(town.lisbon) == []
    with Session(engine) as session:
        assert session.get_one(Appointment, planned["first"]).during.lower == AFTER + 8.5 * HOUR


def test_a_worker_of_another_process_goes_by_the_database_that_it_is_given(
    database_url, town, planned, validating, databases, tmp_path
):
    """As the operator swaps it: PYTHONTZPATH, and a process that starts afresh."""
    with pytest.MonkeyPatch.context():
        databases.swap("Europe/Lisbon", SWAP, HOUR, postgresql=False)
    code = (
        "from datetime import UTC, datetime; from models.session import transaction;"
        "from models.settings import settings; from models.validation.jobs import POLICY, queue_report;"
        "from workers.validation.clocks import CLOCKS; from workers.validation.run import validate_next;\n"
        f"now = datetime.fromisoformat({NOW.isoformat()!r})\n"
        "with transaction() as session:\n    queue_report(session, None, POLICY, now)\n"
        "assert validate_next(settings(), worker='w', clock=lambda: now, steps=CLOCKS)\n"
    )
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://localhost:1",
        "PYTHONTZPATH": os.pathsep.join([str(databases.python), "/usr/share/zoneinfo"]),
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
    assert {each.code for each in validating.standing()} == {"clocks_disagree", "hour_shifted", "availability_shifted"}
