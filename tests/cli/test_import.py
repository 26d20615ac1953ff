"""`slotwise import`: everything or nothing, and every fault with its place."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Connection, create_engine, text

from cli.files.writing import write_json, write_tables
from cli.sample import Calendar, as_bundle, wishes


@pytest.fixture
def env(service_environment: dict[str, str]) -> dict[str, str]:
    return service_environment


@pytest.fixture
def database(env: dict[str, str]) -> Iterator[Connection]:
    engine = create_engine(env["DATABASE_URL"], isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def rows(database: Connection) -> dict[str, int]:
    tables = ("hospital", "app_user", "patient", "availability", "appointment", "booking_request")
    return {name: database.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables}


NOTHING = dict.fromkeys(("hospital", "app_user", "patient", "availability", "appointment", "booking_request"), 0)


def test_all_kinds_go_in_together(slotwise, env, folder, database, network) -> None:
    done = slotwise("import", *network, env=env)
    assert (done.code, done.err) == (0, "")
    assert (
        "1 hospital, 1 hospital's hours, 2 users, 2 patients, 1 availability, 1 appointment, 1 request: imported."
        in done.out
    )
    assert rows(database) == {
        "hospital": 1,
        "app_user": 2,
        "patient": 2,
        "availability": 1,
        "appointment": 1,
        "booking_request": 1,
    }


def test_the_order_of_the_files_does_not_matter(slotwise, env, folder, database, network) -> None:
    assert slotwise("import", *reversed(network), env=env).code == 0
    assert rows(database)["appointment"] == 1


def test_one_fault_keeps_everything_out(slotwise, env, folder, database, network) -> None:
    (folder / "appointments.csv").write_text(
        network["appointments.csv"] + "P-2,D-1,north,2027-01-11T08:00:00Z\nP-2,D-1,north,2027-01-11T17:00:00Z\n"
    )
    done = slotwise("import", *network, env=env)
    assert done.code == 1
    assert "appointments.csv, line 3" in done.err
    assert "appointments.csv, line 4" in done.err
    assert "Nothing was done." in done.err
    assert rows(database) == NOTHING


def test_faults_of_different_files_are_told_in_one_run(slotwise, env, folder, database, network) -> None:
    (folder / "requests.csv").write_text(
        network["requests.csv"].replace("P-2", "P-9") + network["requests.csv"].splitlines()[1].replace("D-1", "D-9")
    )
    (folder / "availabilities.csv").write_text(network["availabilities.csv"].replace("T12:00", "T19:00"))
    done = slotwise("import", "--json", *network, env=env)
    assert done.code == 1
    assert [fault["where"] for fault in done.json["faults"]] == [
        "availabilities.csv, line 2, start",
        "requests.csv, line 2, patient",
        "requests.csv, line 3, doctors[0]",
    ]
    assert "Not tried, since they refer to what is refused: appointments." in done.err
    assert rows(database) == NOTHING


def test_two_lines_that_want_the_same_hour_are_refused(slotwise, env, folder, database, network) -> None:
    (folder / "appointments.csv").write_text(network["appointments.csv"] + "P-2,D-1,north,2027-01-11T10:00:00Z\n")
    done = slotwise("import", *network, env=env)
    assert done.code == 1
    assert "appointments.csv, line 3" in done.err
    assert rows(database) == NOTHING


def test_a_dry_run_finds_faults_and_keeps_nothing(slotwise, env, folder, database, network) -> None:
    done = slotwise("import", "--dry-run", *network, env=env)
    assert done.code == 0
    assert "nothing kept" in done.out
    assert rows(database) == NOTHING


def test_the_directory_is_brought_up_to_date_by_importing_it_again(slotwise, env, folder, database, network) -> None:
    assert slotwise("import", "users.csv", "patients.csv", env=env).code == 0
    (folder / "patients.csv").write_text(network["patients.csv"].replace("Marta Reis", "Marta Reis Lopes"))
    assert slotwise("import", "users.csv", "patients.csv", env=env).code == 0
    names = database.execute(text("SELECT name FROM patient ORDER BY external_id")).scalars().all()
    assert names == ["João Santos", "Marta Reis Lopes"]


def test_addresses_of_patients_are_imported_and_what_is_none_is_told_with_its_line(
    slotwise, env, folder, database
) -> None:
    (folder / "patients.csv").write_text("external_id,name,email\nP-1,Ana,ana@example.org\nP-2,Rui,\n")
    assert slotwise("import", "patients.csv", env=env).code == 0
    emails = database.execute(text("SELECT email FROM patient ORDER BY external_id")).scalars().all()
    assert emails == ["ana@example.org", None]
    (folder / "patients.csv").write_text("external_id,name,email\nP-1,Ana,ana at example.org\n")
    refused = slotwise("import", "patients.csv", env=env)
    assert refused.code == 1
    assert "patients.csv, line 2, email" in refused.err
    assert "is not an e-mail address" in refused.err


def test_hours_of_a_hospital_can_be_replaced(slotwise, env, folder, database, network) -> None:
    assert slotwise("import", "hospitals.csv", "hours.csv", env=env).code == 0
    (folder / "new-hours.csv").write_text("hospital,weekday,date,opens,closes\nnorth,sunday,,10:00,12:00\n")
    assert slotwise("import", "new-hours.csv", env=env).code == 0
    weekdays = database.execute(text("SELECT weekday FROM operating_hours")).scalars().all()
    assert weekdays == [7]
    (folder / "new-hours.csv").write_text("hospital,weekday,opens,closes\nsouth,sunday,10:00,12:00\n")
    refused = slotwise("import", "new-hours.csv", env=env)
    assert (refused.code, "new-hours.csv, line 2" in refused.err) == (1, True)


def test_the_sample_can_be_imported_from_its_files(slotwise, env, tmp_path, database, network) -> None:
    calendar = Calendar(1, date(2027, 1, 11))
    bundle = as_bundle(calendar, wishes(calendar))
    files = write_tables(bundle, tmp_path)
    done = slotwise("import", "--json", *files, env=env)
    assert done.code == 0, done.err
    assert rows(database)["appointment"] == len(calendar.appointments)
    write_json(bundle, tmp_path / "network.json")
    again = slotwise("import", "network.json", env=env)
    assert again.code == 1, "its hospitals are there already"
    assert "network.json: $.hospitals[0].external_id" in again.err


def test_standard_input_is_a_file_too(slotwise, env, database, network) -> None:
    assert slotwise("import", "--kind", "patients", "-", stdin=network["patients.csv"], env=env).code == 0
    assert rows(database)["patient"] == 2


def test_columns_and_templates_are_shown_without_a_database(slotwise) -> None:
    assert slotwise("import", "--template", "patients").out == (
        "external_id,name,email,active\nP-00001,Liam O'Brien,liam.obrien@example.org,true\n"
    )
    assert "required" in slotwise("import", "--columns", "users").out
    columns = slotwise("import", "--columns", "users", "--json").json
    assert columns[0]["name"] == "external_id"


def test_wrong_usage_and_a_missing_database_have_their_own_exit_codes(slotwise, folder) -> None:
    assert slotwise("import").code == 2
    assert slotwise("import", "no-such-users.csv").code == 2
    assert slotwise("import", "--kind", "people", "users.csv").code == 2
    nowhere = {"DATABASE_URL": "postgresql+psycopg://nobody@/none?host=/nonexistent"}
    done = slotwise("import", "users.csv", env=nowhere)
    assert done.code == 3
    assert "does not answer" in done.err
    done = slotwise("import", "--data", folder, "users.csv")
    assert done.code == 3
    assert "slotwise up" in done.err
