"""Root, plain users, and wheels that the services' account cannot reach."""

import os
import pwd

import psutil
import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another account")

_WHEELS_FROM = "sys.path.insert(0, {folder!r})\n"

# Everything is imported by now, so it matters not whether the plain user could read the virtual environment.
_PLAIN_USER = """
import os, pwd, encodings.idna, psycopg, redis
plain = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(plain.pw_gid)
os.setuid(plain.pw_uid)
"""


@needs_root
def test_a_plain_user_runs_the_services_as_themselves(data_folder, copied_wheels, start_instance, connect):
    copied_wheels(data_folder / "wheels")
    plain = pwd.getpwnam("nobody").pw_uid
    folder = data_folder / "data"
    folder.mkdir()
    os.chown(folder, plain, -1)
    instance = start_instance(folder, _WHEELS_FROM.format(folder=str(data_folder / "wheels")) + _PLAIN_USER)
    assert {process.uids().real for process in instance.family} == {plain}
    with connect(instance.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not (folder / "programs").exists()


@needs_root
def test_wheels_below_a_closed_folder_are_copied_once_and_the_folder_stays_closed(
    data_folder, copied_wheels, start_instance, connect
):
    closed = data_folder / "closed"
    closed.mkdir(mode=0o700)
    copied_wheels(closed / "site-packages")
    before = _WHEELS_FROM.format(folder=str(closed / "site-packages"))
    instance = start_instance(data_folder / "data", before)
    programs = data_folder / "data" / "programs"
    for pid in instance.pids.values():
        assert psutil.Process(pid).exe().startswith(str(programs))
    with connect(instance.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert closed.stat().st_mode & 0o777 == 0o700
    made = {copy: copy.stat().st_ino for copy in programs.iterdir()}
    assert len(made) == 2

    instance.interrupt_group()
    assert instance.line() == "ended"
    instance.process.wait()
    start_instance(data_folder / "data", before)
    assert {copy: copy.stat().st_ino for copy in programs.iterdir()} == made
