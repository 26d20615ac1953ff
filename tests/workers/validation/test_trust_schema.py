"""A database with another schema than this release is made for, and one that an old dump was restored over."""

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cli.embedded.databases import cloned_database
from models.appointments import book_appointments, change_status
from models.inputs import AppointmentIn
from models.schedule import AppointmentStatus
from models.validation.codes import Code
from models.validation.found import Kind
from models.validation.jobs import POLICY, queue_report
from models.validation.tables import Finding, ReportStatus, ValidationReport
from tests.workers.validation.corrupting import Corrupting, corrupt, run_program, superuser_url
from tests.workers.validation.corruptions import appointment
from tests.workers.validation.lived_in import at, now
from tests.workers.validation.validating import Validating, subjects
from workers.validation.rules.steps import HELD, KEPT_BY_ROWS
from workers.validation.run import validate_next
from workers.validation.steps import STEPS


@pytest.fixture
def database_url(services, lived_in):
    with cloned_database(services.database_url, lived_in) as url:
        yield url


@pytest.fixture
def validating(engine, chosen) -> Validating:
    return Validating(engine, chosen, now(), STEPS)


@pytest.mark.parametrize("change", ["UPDATE alembic_version SET version_num = '0001'", "DROP TABLE alembic_version"])
def test_another_schema_is_one_finding_and_leaves_what_was_found_before(engine, chosen, superuser, change):
    validating = Validating(engine, chosen, now(), (HELD, KEPT_BY_ROWS))
    corrupt(
        superuser,
        "ALTER TABLE patient DROP CONSTRAINT patient_external_id_unique",
        "UPDATE patient SET external_id = 'the same'",
    )
    before = {each.code for each in validating.report()}
    assert before == {Code.RULE_MISSING, Code.ROW_BREAKS_RULE}
    corrupt(superuser, change)
    with Session(engine) as session, session.begin():
        report = queue_report(session, None, POLICY, now())
    assert validate_next(chosen, worker="w", clock=now, steps=(HELD, KEPT_BY_ROWS))
    with Session(engine) as session:
        assert session.get_one(ValidationReport, report).status is ReportStatus.FINISHED
        assert set(session.get_one(ValidationReport, report).unchecked) >= before
        standing = session.scalars(select(Finding).where(Finding.gone_at.is_(None))).all()
    assert {each.code for each in standing} == {*before, Code.SCHEMA_OUTDATED}


def test_a_dump_of_some_tables_restored_over_a_schedule_that_went_on_is_found(
    services, database_url, superuser, validating, tmp_path
):
    """Yesterday's requests and appointments, among everything else of today."""
    tables = ["--table=appointment", "--table=booking_request"]
    dump = run_program("pg_dump", database_url, tmp_path, "--data-only", "--disable-triggers", *tables)
    c = Corrupting(superuser)
    given_up = appointment(c, "p11")
    again = AppointmentIn(patient="p8", doctor="d1", hospital="lisbon", start=at("lisbon", 4, 9))
    with Session(validating.engine) as session, session.begin():
        change_status(session, UUID(given_up), AppointmentStatus.CANCELLED)
        [newer] = book_appointments(session, [again], validating.now)
    assert validating.report() == []

    # What is in the dump is written over what is there; what was written since stays.
    c.without("appointment.appointment_doctor_free")
    c.run("DELETE FROM appointment WHERE id <> :id", "DELETE FROM booking_request", id=newer)
    run_program("psql", superuser_url(services, database_url), tmp_path, "--set=ON_ERROR_STOP=1", "--quiet", dump=dump)
    c.expect(Code.DOCTOR_DOUBLE_BOOKED, Kind.APPOINTMENT, given_up, str(newer))
    assert {each for finding in validating.report() for each in subjects([finding])} == c.expected
