"""The audit's oldest part as files: nothing is deleted that is not in them, and whoever changes them is found out."""

import gzip
import hashlib
import json
import multiprocessing
import re
import shutil
import signal
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from models.audit.archive import NotAnArchive, Words, parts_of, read_words, verify_archive, verify_part
from models.audit.archiving import ArchiveRefused, archive_part, check_folder, erase_words
from models.audit.sealing import seal
from models.audit.tables import AuditArchive, AuditDetail, AuditEntry, AuditSeal
from models.audit.verifying import verify
from models.directory import upsert_patients
from models.inputs import PatientIn
from models.privacy.erasing import erase_patient
from models.session import make_engine
from tests.conftest import as_application
from tests.models.dying_archiver import archive_until
from tests.workers.validation.corrupting import UNSEEN, superuser_engine
from tests.workers.waiting import while_blocked

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=1)
NAMES = ("Ana", "Rui", "Ugo", 'Åsa \\ "Zoë"', "Eva")


@pytest.fixture
def patients(engine):
    """Five patients, an entry and a seal each."""
    ids = []
    for number, name in enumerate(NAMES):
        with Session(engine) as session, session.begin():
            ids += upsert_patients(session, {f"p{number}": PatientIn(name=name)}).values()
        seal_all(engine)
    return ids


def seal_all(engine):
    with Session(engine) as session, session.begin():
        seal(session)


@pytest.fixture
def archive(engine, patients, tmp_path):
    """Archives seals by twos, as the command does."""

    def archive_all(before=LATER, folder=tmp_path):
        with Session(engine) as session, session.begin():
            for part in check_folder(session, folder):
                erase_words(session, part)
        parts = []
        while True:
            with Session(engine) as session, session.begin():
                part = archive_part(session, folder, before, most=2)
            if part is None:
                return parts
            parts.append(part)

    return archive_all


@pytest.fixture
def faults(engine, tmp_path):
    """What a verification finds, of the database and of the archive."""

    def find(head=None):
        with Session(engine) as session:
            return verify(session, head, archive=verify_archive(parts_of(tmp_path), head)).faults

    return find


def count(engine, *tables):
    with Session(engine) as session:
        return [session.scalar(select(func.count()).select_from(each)) for each in tables]


def test_what_is_archived_leaves_the_database_and_the_chain_holds_across_both(engine, archive, faults):
    with Session(engine) as session:
        whole = verify(session)
        inside = session.scalar(select(AuditSeal.hash).where(AuditSeal.number == 3)).hex()
    parts = archive()
    assert [(each.first, each.last, each.entries) for each in parts] == [(1, 2, 2), (3, 4, 2)]
    # The newest seal stays, and that it was archived was written twice.
    assert count(engine, AuditEntry, AuditSeal, AuditDetail, AuditArchive) == [1 + 2, 1, 1, 2]
    seal_all(engine)
    assert faults() == []
    assert faults(whole.head.hex()) == []
    assert faults(inside) == []
    with Session(engine) as session:
        found = verify(session)
        assert (found.entries, found.archived, found.faults) == (3, 4, [])
        assert verify(session, parts[0].head).faults == []
        assert "unless it is in the archive" in verify(session, inside).faults[0]
        assert verify(session, archive=verify_archive(parts)).entries == 7
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "archive")).all()
    assert [(each.after["seal"], each.after["entries"]) for each in told] == [(2, 2), (4, 2)]


def test_an_archive_is_verified_without_the_database_and_holds_every_word(archive):
    parts = archive()
    assert [list(verify_part(each)) for each in parts] == [[], []]
    words = [json.loads(each.after)["name"] for part in parts for each in read_words(part)]
    assert words == list(NAMES[:4])
    assert {each.stat().st_mode & 0o777 for each in parts[0].folder.iterdir()} == {0o600}


def test_only_what_was_sealed_before_the_day_is_archived(engine, patients, archive):
    with Session(engine) as session:
        third = session.scalar(select(AuditSeal.sealed_at).where(AuditSeal.number == 3))
    assert [each.last for each in archive(before=third)] == [2]
    assert archive(before=third) == []


def test_more_is_added_to_an_archive_later(engine, archive, faults):
    archive()
    with Session(engine) as session, session.begin():
        upsert_patients(session, {"p9": PatientIn(name="Later")})
    seal_all(engine)
    assert [each.first for each in archive()] == [5]
    assert faults() == []


def lines_of(file):
    return gzip.decompress(file.read_bytes()).decode().splitlines(keepends=True)


def rewrite(file, change):
    """Forge a file, and the digest in its part's manifest."""
    before = file.read_bytes()
    file.write_bytes(gzip.compress("".join(change(lines_of(file))).encode()))
    manifest = file.with_name(f"{file.name.partition('.')[0]}.json")
    digests = [hashlib.sha256(each).hexdigest() for each in (before, file.read_bytes())]
    manifest.write_text(manifest.read_text().replace(*digests))


FORGERIES = {
    "one of its entries, or the seal itself, was changed": (
        lambda part: rewrite(part.seals, lambda lines: [each.replace('"insert"', '"update"') for each in lines]),
        lambda part: rewrite(part.seals, lambda lines: lines[:1] + lines[2:]),
    ),
    "does not follow from the one before": (lambda part: rewrite(part.seals, lambda lines: lines[2:]),),
    "ends with seal 1 after 1 entries": (lambda part: rewrite(part.seals, lambda lines: lines[:2]),),
    "What patients were called was changed in .*: entries 1": (
        lambda part: rewrite(part.words, lambda lines: [each.replace("Ana", "Bea") for each in lines]),
    ),
    "not the file that was written": (lambda part: part.seals.write_bytes(gzip.compress(b"")),),
    "cannot be read": (
        lambda part: part.seals.write_bytes(part.seals.read_bytes()[:-9]),
        lambda part: part.words.unlink(),
    ),
    "no part up to seal 2": (lambda part: (part.folder / "seals-000000000001.json").unlink(),),
}


def test_a_forgery_is_found(archive, faults, tmp_path):
    part = archive()[0]
    kept = tmp_path.with_name("kept")
    shutil.copytree(tmp_path, kept)
    for told, forgeries in FORGERIES.items():
        for forge in forgeries:
            assert faults() == []
            forge(part)
            assert any(re.search(told, each) for each in faults()), told
            shutil.rmtree(tmp_path)
            shutil.copytree(kept, tmp_path)


def test_a_forged_chain_in_a_forged_manifest_does_not_join_what_the_database_knows(archive, faults):
    part = archive()[0]
    manifest = part.folder / "seals-000000000001.json"
    manifest.write_text(manifest.read_text().replace(part.head, "0" * 64))
    told = "\n".join(faults())
    assert "under the hash" in told
    assert "no part up to seal 2" in told


def test_a_manifest_that_cannot_be_read_is_said_to_be_one(archive, tmp_path):
    archive()
    (tmp_path / "seals-000000000001.json").write_text("{")
    with pytest.raises(NotAnArchive, match="cannot be read"):
        parts_of(tmp_path)


@pytest.mark.parametrize("left", ["everything", "no manifest", "half a file"])
def test_killed_before_anything_is_deleted_it_is_done_again(engine, archive, faults, tmp_path, left):
    with Session(engine) as session:
        part = archive_part(session, tmp_path, LATER, most=3)
        session.rollback()
    if left != "everything":
        (tmp_path / "seals-000000000001.json").unlink()
    if left == "half a file":
        part.seals.rename(part.seals.with_name(f"{part.seals.name}.partial"))
    assert count(engine, AuditEntry, AuditArchive) == [5, 0]
    assert faults() == []
    assert [each.last for each in archive()] == [2, 4]
    assert faults() == []


def test_killed_at_every_point_nothing_is_lost_and_it_goes_on(engine, archive, faults, database_url, tmp_path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.models.dying_archiver"])
    step, code = 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        step += 1
        process = context.Process(target=archive_until, args=(database_url, tmp_path, LATER, 2, step))
        process.start()
        process.join()
        code = process.exitcode
        if code == -signal.SIGKILL:
            assert count(engine, AuditEntry, AuditDetail, AuditArchive) == [5, 5, 0]
            assert faults() == []
    assert code == 0
    assert step > 15
    assert count(engine, AuditEntry, AuditDetail, AuditArchive) == [4, 3, 1], "that it was archived is an entry"
    assert [each.last for each in archive()] == [4]
    assert len(words_in(tmp_path)) == 4
    assert list(tmp_path.glob("*.partial")) == []
    assert faults() == []


def test_what_was_tampered_with_is_not_archived(services, database_url, archive, engine, tmp_path):
    with superuser_engine(services, database_url) as superuser, superuser.begin() as connection:
        connection.execute(text(UNSEEN))
        connection.execute(text("UPDATE audit_entry SET actor_name = 'nobody' WHERE id = 1"))
    with pytest.raises(ArchiveRefused, match=r"Nothing was deleted .* Seal 1 of"):
        archive()
    assert count(engine, AuditEntry, AuditArchive) == [5, 0]


def erase(engine, patient):
    with Session(engine) as session, session.begin():
        erase_patient(session, patient, NOW)


def words_in(folder) -> list[Words]:
    return [each for part in parts_of(folder) for each in read_words(part)]


def test_a_patient_who_was_erased_is_in_no_archive_that_is_made_then(engine, patients, archive, tmp_path):
    erase(engine, patients[0])
    archive()
    assert str(patients[0]) not in {each.patient for each in words_in(tmp_path)}


def test_one_erased_since_is_taken_away_the_next_time_and_the_chain_holds(engine, patients, archive, faults, tmp_path):
    archive()
    erase(engine, patients[1])
    seal_all(engine)
    archive()
    assert {each.patient for each in words_in(tmp_path)} >= {str(patients[0])}
    assert str(patients[1]) not in {each.patient for each in words_in(tmp_path)}
    assert faults() == []


def test_whoever_erases_waits_for_a_part_that_is_being_written(engine, patients, tmp_path):
    with Session(engine) as session:
        archive_part(session, tmp_path, LATER)
        while_blocked(engine, lambda: erase(engine, patients[0]), session.rollback)
    with Session(engine) as session, session.begin():
        (part,) = check_folder(session, tmp_path)
        assert erase_words(session, part) == 1


def test_the_archive_of_another_database_is_left_alone(engine, archive, tmp_path):
    archive()
    other = tmp_path.with_name("other")
    other.mkdir()
    assert archive(folder=other) == []
    with Session(engine) as session:
        session.execute(text("SET LOCAL slotwise.archiving = 'on'"))
        session.execute(text("DELETE FROM audit_archive"))  # as before any of it was archived
        with pytest.raises(ArchiveRefused, match=r"does not know, in seals-000000000001"):
            check_folder(session, tmp_path)
        session.rollback()
        session.execute(insert(AuditArchive).values(number=9, hash=b"x", entries=[]))
        with pytest.raises(ArchiveRefused, match="archived last of this database, up to seal 9"):
            check_folder(session, tmp_path)


def test_a_folder_with_something_else_in_it_is_refused(engine, tmp_path):
    (tmp_path / "letters.txt").write_text("")
    with Session(engine) as session, pytest.raises(ArchiveRefused, match="not empty"):
        check_folder(session, tmp_path)


def test_the_application_is_told_that_it_may_not(services, database_url, tmp_path):
    applications = make_engine(as_application(services, database_url))
    with Session(applications) as session, pytest.raises(ArchiveRefused, match="set OWNER_DATABASE_URL"):
        check_folder(session, tmp_path)
    applications.dispose()


def test_the_database_deletes_nothing_but_what_it_is_shown_the_hash_of(session, patients):
    head = session.scalar(select(AuditSeal.hash).where(AuditSeal.number == 5))
    for last, shown, told in ((4, head, "no seal 4 with the hash"), (5, head, "newest seal stays")):
        with pytest.raises(Exception, match=told), session.begin_nested():
            session.execute(select(func.archive_audit(last, shown)))
