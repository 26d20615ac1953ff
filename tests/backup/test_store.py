"""The backup folder: nobody else's is touched, nothing archived is lost, and what is removed is needed by nobody."""

import gzip
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.backup.commands import prune, setup
from cli.backup.restoring import Target, _broken_off, choose
from cli.backup.store import Base, Store, make_store, open_store
from cli.backup.timelines import read_timelines
from cli.embedded.account import service_account
from cli.embedded.archiving import archive_settings, fetch_command, set_backup_folder
from cli.embedded.folder import temporary_data_folder
from cli.output import Stop

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def place():
    with temporary_data_folder() as folder:
        yield folder


@pytest.fixture
def store(place: Path) -> Store:
    return make_store(place / "the 100% store", "4711", service_account())


def kept(store: Store, day: int, first_log: str) -> Base:
    """A backup of a day, as far as the folder knows."""
    time = NOON + timedelta(days=day)
    base = Base(f"{time:%Y%m%dT%H%M%SZ}", time, time + timedelta(minutes=1), 1, first_log, "18.6")
    store.partial(base.name).mkdir()
    store.keep(base)
    return base


def test_a_folder_that_holds_something_else_is_left_alone(place: Path):
    (place / "photos").mkdir()
    (place / "photos" / "1.jpg").touch()
    with pytest.raises(Stop, match="holds something else"):
        make_store(place / "photos", "4711", service_account())
    assert [each.name for each in (place / "photos").iterdir()] == ["1.jpg"]
    with pytest.raises(Stop, match="keeps no backups of Slotwise"):
        open_store(place / "photos")


def test_backups_of_another_instance_are_left_alone(store: Store):
    assert make_store(store.folder, "4711", service_account()) == store
    with pytest.raises(Stop, match="another instance"):
        make_store(store.folder, "4712", service_account())
    with pytest.raises(Stop, match="another instance"):
        open_store(store.folder, "4712")


def test_backups_are_not_kept_where_they_would_be_lost_with_the_data(place: Path):
    (place / "postgresql").mkdir()
    with pytest.raises(Stop, match="lost with it"):
        setup(place / "backups", place)


def test_one_at_a_time_takes_or_removes(store: Store):
    with store.alone(), pytest.raises(Stop, match="wait for it"), store.alone():
        pass


def test_the_newest_backup_is_chosen_from_which_the_time_can_be_reached(store: Store):
    with pytest.raises(Stop, match="no backup"):
        choose(store, None, {})
    first, second = (kept(store, day, "0" * 24) for day in (0, 1))
    store.partial("interrupted").mkdir()
    assert choose(store, None, {}).base == choose(store, second.to, {}).base == second
    assert choose(store, second.to - timedelta(seconds=1), {}).base == first, "it was not whole then"
    with pytest.raises(Stop, match="can be restored to 2026-12-01T12:01:00Z or later"):
        choose(store, first.to - timedelta(seconds=1), {})


@pytest.fixture
def restored(store: Store) -> tuple[Base, Base]:
    """Two days' backups; on the third day the database was restored to what was between them."""
    both = tuple(kept(store, day, f"00000001{day:016X}") for day in (0, 1))
    for day, base in enumerate(both):
        (store.of(base) / "data").mkdir()
        manifest = {"WAL-Ranges": [{"Timeline": 1, "Start-LSN": f"0/{day}000028", "End-LSN": f"0/{day}000120"}]}
        (store.of(base) / "data" / "backup_manifest").write_text(json.dumps(manifest))
    began = (NOON + timedelta(days=2)).timestamp()
    with gzip.GzipFile(store.log / "00000002.history.gz", "wb", mtime=began) as history:
        history.write(b"1\t0/0500000\tbefore 2026-12-01 18:00:00+00\n")
    return both  # type: ignore[return-value]  # they are two


def test_what_a_restore_has_undone_leads_to_nothing_later(store: Store, restored: tuple[Base, Base]):
    first, undone = restored
    timelines = read_timelines(store.log)
    assert (choose(store, None, timelines).base, choose(store, None, timelines).timeline) == (first, 2)
    before, after = (choose(store, NOON + timedelta(days=day), timelines) for day in (1.5, 2.5))
    assert (before.base, before.timeline) == (undone, 1), "restored too far back, it can be restored to a later time"
    assert (after.base, after.timeline) == (first, 2)


def test_what_a_restore_has_undone_does_not_count_as_kept(store: Store, restored: tuple[Base, Base]):
    prune(keep=1, folder=store.folder, data=store.folder)
    assert store.bases() == list(restored)
    third = kept(store, 3, f"00000002{3:016X}")
    prune(keep=1, folder=store.folder, data=store.folder)
    assert store.bases() == [third]


def test_a_log_that_breaks_off_is_not_taken_for_its_end(place: Path, store: Store):
    target = Target(kept(store, 0, f"00000001{2:016X}"), None, 2)
    names = [f"00000001{number:016X}" for number in (1, 2, 3, 9)] + [f"00000002{number:016X}" for number in (3, 4)]
    server_said = place / "postgresql.log"

    def broken(*fetched: str) -> Stop | None:
        lines = (f'LOG:  restored log file "{name}" from archive\n' for name in ("00000002.history", *fetched))
        server_said.write_text("".join(lines))
        return _broken_off(server_said, store, target)

    assert broken() is None, "nothing is archived"
    for name in names:
        (store.log / f"{name}.gz").touch()
    assert broken(names[1], names[4], names[5], names[4]) is None, "it looks again where the last change was"
    assert f"up to {names[4]}, and goes on to {names[5]}" in str(broken(names[1], names[4]))
    assert "up to its begin" in str(broken())


def test_old_backups_go_with_the_log_that_only_they_need(store: Store, capsys: pytest.CaptureFixture[str]):
    bases = [kept(store, day, f"00000002{day:016X}") for day in range(4)]
    logs = [f"00000002{number:016X}.gz" for number in range(5)]
    for name in logs:
        (store.log / name).touch()
    (store.log / "00000002.history.gz").write_bytes(gzip.compress(b"1\t0/100\tno recovery target specified\n"))
    prune(keep=2, folder=store.folder, data=store.folder)
    assert store.bases() == bases[2:]
    assert sorted(file.name for file in store.log.iterdir()) == ["00000002.history.gz", *logs[2:]]
    assert "2 backups removed, 2 kept" in capsys.readouterr().out


def test_the_log_is_archived_once_and_what_is_there_is_never_overwritten(place: Path, store: Store):
    assert archive_settings(place) == {}
    set_backup_folder(place, store.folder)
    command = archive_settings(place)["archive_command"]
    segment, fetched = place / "segment", place / "fetched"

    def run(command: str, path: Path) -> int:
        told = command.replace("%%", "\0").replace("%p", str(path)).replace("%f", "0001").replace("\0", "%")
        return subprocess.run(["sh", "-c", told], check=False).returncode

    assert run(fetch_command(store.folder), fetched) != 0
    segment.write_bytes(b"one")
    assert run(command, segment) == 0
    assert run(command, segment) == 0, "the server may ask twice"
    segment.write_bytes(b"another")
    assert run(command, segment) != 0
    assert gzip.decompress((store.log / "0001.gz").read_bytes()) == b"one"
    assert run(fetch_command(store.folder), fetched) == 0
    assert fetched.read_bytes() == b"one"
    assert [file.name for file in store.log.iterdir()] == ["0001.gz"]
