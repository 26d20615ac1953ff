"""`slotwise audit`: searched and verified from a terminal."""

import pytest
from sqlalchemy.orm import Session

from models.audit.sealing import seal
from models.directory import upsert_patients
from models.inputs import PatientIn
from tests.workers.validation.corrupting import corrupt, superuser_engine


@pytest.fixture
def superuser(services, database_url):
    with superuser_engine(services, database_url) as engine:
        yield engine


@pytest.fixture
def audited(superuser):
    """A patient, whom somebody wrote by hand; sealed."""
    with Session(superuser) as session, session.begin():
        upsert_patients(session, {"P-1": PatientIn(name="Maria Silva")})
    with Session(superuser) as session, session.begin():
        assert seal(session) == 1


def test_a_search_shows_what_was_done_and_by_whom(slotwise, service_environment, audited):
    ended = slotwise("audit", "search", "--patient", "P-1", env=service_environment | {"COLUMNS": "300"})
    assert ended.code == 0, ended.err
    assert "database postgres" in ended.out
    assert "name Maria Silva" in ended.out


def test_a_search_for_a_patient_is_written_as_the_operators(slotwise, service_environment, audited):
    for _ in range(2):
        ended = slotwise("audit", "search", "--patient", "P-1", "--json", env=service_environment)
    told = ended.json[0]
    assert (told["action"], told["actor_kind"], told["after"]) == ("read", "operator", {"by": "slotwise audit search"})


def test_a_search_for_nobody_says_so(slotwise, service_environment, audited):
    ended = slotwise("audit", "search", "--patient", "P-2", env=service_environment)
    assert ended.code == 1
    assert "P-2" in ended.err


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_a_date_that_is_none_is_refused(slotwise, service_environment, option):
    ended = slotwise("audit", "search", option, "yesterday", env=service_environment)
    assert ended.code == 2
    assert "write it like" in ended.err


def test_verifying_prints_the_head_and_then_takes_it(slotwise, service_environment, superuser, audited):
    ended = slotwise("audit", "verify", env=service_environment)
    assert ended.code == 0, ended.err
    head = ended.out.strip()
    assert len(head) == 64
    assert slotwise("audit", "verify", "--head", head, env=service_environment).code == 0
    corrupt(superuser, "TRUNCATE audit_entry, audit_seal, audit_detail CASCADE")
    assert slotwise("audit", "verify", env=service_environment).code == 0  # nothing is left that would not fit
    cut = slotwise("audit", "verify", "--head", head, env=service_environment)
    assert cut.code == 1
    assert "cut off" in cut.err


def test_verifying_tells_of_a_forgery(slotwise, service_environment, superuser, audited):
    corrupt(superuser, "UPDATE audit_entry SET actor_name = 'nobody'")
    ended = slotwise("audit", "verify", "--json", env=service_environment)
    assert ended.code == 1
    assert "changed" in ended.json["faults"][0]


def archive(slotwise, environment, *arguments):
    return slotwise("audit", "archive", "--before", "2100-01-01", *arguments, env=environment)


def test_the_owner_archives_and_anybody_verifies(
    slotwise, service_environment, superuser, audited, database_url, tmp_path
):
    with Session(superuser) as session, session.begin():
        upsert_patients(session, {"P-2": PatientIn(name="Rui Costa")})
    with Session(superuser) as session, session.begin():
        seal(session)
    folder = tmp_path / "audit" / "archive"
    refused = archive(slotwise, service_environment, "--to", folder)
    assert refused.code == 1
    assert "set OWNER_DATABASE_URL" in refused.err
    owners = service_environment | {"OWNER_DATABASE_URL": database_url}
    done = archive(slotwise, owners, "--to", folder, "--json")
    assert done.code == 0, done.err
    assert done.json == {"entries": 1, "parts": 1, "words_erased": 0}
    again = archive(slotwise, owners, "--to", folder)
    assert again.code == 0
    assert "nothing to archive" in again.err
    verified = slotwise("audit", "verify", "--archive", folder, "--json", env=service_environment)
    assert verified.code == 0, verified.err
    assert (verified.json["entries"], verified.json["archived"], verified.json["seals"]) == (2, 1, 2)
    without = slotwise("audit", "verify", env=service_environment)
    assert without.code == 0
    assert "up to seal 1 are archived" in without.err


def test_a_folder_that_will_not_do_is_said_to_be_one(slotwise, service_environment, database_url, tmp_path):
    owners = service_environment | {"OWNER_DATABASE_URL": database_url}
    file = tmp_path / "a file"
    file.write_text("")
    assert "not empty" in archive(slotwise, owners, "--to", tmp_path).err
    assert "Nothing was deleted" in archive(slotwise, owners, "--to", file).err
    assert "no archive" in slotwise("audit", "verify", "--archive", tmp_path, env=owners).err
