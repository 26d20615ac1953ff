"""Killed servers, killed supervisors and what they leave behind: nothing committed is lost, nothing blocks a start."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from cli.embedded import EmbeddedServices, ProcessFailed, keeper, postgresql
from cli.embedded.account import service_account
from cli.embedded.postgresql import PostgreSQL

_WITHOUT_DEATH_SIGNAL = "import cli.embedded.spawn\ncli.embedded.spawn._dying_with_parent = lambda _: None"

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a process to its parent")


class Writer:
    """Writes numbers into a table and a queue, as fast as it can, and remembers those that were acknowledged."""

    def __init__(self, database_url: str, redis_url: str, connect) -> None:
        self._database_url, self._redis_url, self._connect = database_url, redis_url, connect
        self.rows: list[int] = []
        self.items: list[int] = []
        with connect(database_url) as connection:
            connection.execute("CREATE TABLE written (number int PRIMARY KEY)")
        self._threads = [threading.Thread(target=target) for target in (self._insert, self._push)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _insert(self) -> None:
        with self._connect(self._database_url) as connection:
            try:
                for number in range(1_000_000):
                    connection.execute("INSERT INTO written VALUES (%s)", [number])
                    self.rows.append(number)
            except psycopg.OperationalError:
                return

    def _push(self) -> None:
        with redis.Redis.from_url(self._redis_url, retry=None) as client:
            try:
                for number in range(1_000_000):
                    client.rpush("written", number)
                    self.items.append(number)
            except redis.RedisError:
                return

    def missing(self, database_url: str, redis_url: str) -> tuple[set[int], set[int]]:
        """What was acknowledged and is not there."""
        with self._connect(database_url) as connection, redis.Redis.from_url(redis_url) as client:
            rows = {number for (number,) in connection.execute("SELECT number FROM written")}
            items = {int(number) for number in client.lrange("written", 0, -1)}
        return set(self.rows) - rows, set(self.items) - items


@pytest.fixture
def own_services(used_folder):
    with EmbeddedServices(used_folder, environ={}) as services:
        yield services


def answer(services: EmbeddedServices, connect) -> bool:
    try:
        with (
            connect(services.database_url) as connection,
            redis.Redis.from_url(services.redis_url, retry=None) as client,
        ):
            return client.ping() and connection.execute("SELECT true").fetchone()[0]
    except (psycopg.OperationalError, redis.RedisError):
        return False


@pytest.mark.parametrize("whole_tree", [False, True], ids=["the servers only", "their children too"])
def test_killed_servers_come_back_by_themselves_with_all_that_was_acknowledged(
    own_services, connect, until, whole_tree
):
    writer = Writer(own_services.database_url, own_services.redis_url, connect)
    until(lambda: min(len(writer.rows), len(writer.items)) > 200)
    servers = [psutil.Process(own_services.pid(name)) for name in ("postgresql", "valkey")]
    children = [child for server in servers for child in server.children(recursive=True)]
    for process in servers + children * whole_tree:
        process.kill()
    writer.join()
    until(lambda: answer(own_services, connect))
    assert {own_services.pid(name) for name in ("postgresql", "valkey")}.isdisjoint({server.pid for server in servers})
    assert writer.missing(own_services.database_url, own_services.redis_url) == (set(), set())


def test_servers_come_back_as_often_as_they_are_killed(own_services, connect, until):
    for _ in range(3):
        for name in ("postgresql", "valkey"):
            os.kill(own_services.pid(name), signal.SIGKILL)
        until(lambda: answer(own_services, connect))


def test_everything_killed_at_once_loses_nothing_that_was_acknowledged(used_folder, start_instance, connect, until):
    first = start_instance(used_folder)
    writer = Writer(first.database_url, first.redis_url, connect)
    until(lambda: min(len(writer.rows), len(writer.items)) > 200)
    first.note_family()
    first.kill()
    for process in first.family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    writer.join()
    second = start_instance(used_folder)
    assert writer.missing(second.database_url, second.redis_url) == (set(), set())


@linux_only
def test_a_killed_supervisor_takes_its_services_along(used_folder, start_instance):
    instance = start_instance(used_folder)
    instance.kill()
    assert instance.family_is_gone()


def test_orphans_of_a_killed_supervisor_are_ended_by_the_next_start(used_folder, start_instance, connect):
    # Also the negative control of the test above: without the guard there are orphans.
    first = start_instance(used_folder, before=_WITHOUT_DEATH_SIGNAL)
    with connect(first.database_url) as connection:
        connection.execute("CREATE TABLE kept ()")
    first.kill()
    assert not first.family_is_gone(seconds=1)
    second = start_instance(used_folder)
    assert first.family_is_gone()
    with connect(second.database_url) as connection:
        connection.execute("SELECT FROM kept")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_an_instance_cleanly_even_while_clients_are_connected(used_folder, start_instance, connect, sign):
    instance = start_instance(used_folder)
    with connect(instance.database_url):
        instance.process.send_signal(sign)
        assert instance.line() == "ended"
        assert instance.process.wait() == 0
    assert instance.family_is_gone(seconds=1)
    assert not (used_folder / "running.json").exists()
    assert "database system is shut down" in (used_folder / "logs" / "postgresql.log").read_text()


def test_ctrl_c_during_the_start_leaves_nothing_running(used_folder, run_script, instance_source):
    interrupt = """
import os, signal
import cli.embedded.valkey
cli.embedded.valkey._answers = lambda _: os.kill(os.getpid(), signal.SIGINT)
"""
    script = run_script(instance_source(interrupt), used_folder)
    assert script.line() == "ended"
    assert script.process.wait() == 0
    assert (used_folder / "valkey").exists()
    running = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    assert not [argv for argv in running if argv and str(used_folder / "") in " ".join(argv)]


def test_an_impatient_second_ctrl_c_leaves_no_orphans(used_folder, start_instance):
    instance = start_instance(used_folder)
    while instance.process.poll() is None:
        instance.interrupt_group()
        try:
            instance.process.wait(0.01)
        except subprocess.TimeoutExpired:
            continue
    assert instance.family_is_gone(seconds=1)


def test_what_a_crash_left_behind_does_not_block_the_next_start(used_folder, start_instance, connect):
    start_instance(used_folder).kill()
    (used_folder / "postgresql.new").mkdir()
    (used_folder / "postgresql.new" / "half an initdb").touch()
    for name in ("valkey.sock", ".s.PGSQL.5432", ".s.PGSQL.5432.lock", "password"):
        stale = used_folder / "sockets" / name
        stale.unlink(missing_ok=True)
        stale.write_text("stale")
    (used_folder / "running.json.partial").write_text("half")
    instance = start_instance(used_folder)
    with connect(instance.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.fixture(params=["alive", "zombie"])
def stranger(request):
    """A process of the services' account that has nothing to do with them."""
    with subprocess.Popen(["/bin/sleep", "600"], **service_account().popen) as process:
        if request.param == "zombie":
            os.kill(process.pid, signal.SIGKILL)
        yield process
        process.kill()


@pytest.fixture
def stale_pid_files(used_folder, stranger):
    """Pid files of a crashed instance whose numbers belong to a stranger by now."""
    with EmbeddedServices(used_folder, environ={}, durable=False):
        old = (used_folder / "postgresql" / "postmaster.pid").read_text().split("\n")
    for name, lines in (
        ("postgresql/postmaster.pid", [str(stranger.pid), *old[1:]]),
        ("valkey/valkey.pid", [str(stranger.pid), ""]),
    ):
        (used_folder / name).write_text("\n".join(lines))
        service_account().own(used_folder / name)


def test_pid_files_that_name_a_stranger_by_now_do_not_block_the_next_start(
    used_folder, stale_pid_files, stranger, connect
):
    lived = psutil.Process(stranger.pid).status()
    with EmbeddedServices(used_folder, environ={}, durable=False) as services:
        assert answer(services, connect)
    assert psutil.Process(stranger.pid).status() == lived


def test_without_the_guard_they_would(used_folder, stale_pid_files, monkeypatch):
    monkeypatch.setattr(PostgreSQL, "_disown", lambda *_: None)
    monkeypatch.setattr(keeper, "_FIRST_PAUSE", 0.01)
    with pytest.raises(ProcessFailed, match="already exists"), EmbeddedServices(used_folder, environ={}, durable=False):
        pass


@pytest.mark.parametrize("guarded", [True, False])
def test_a_busy_backend_of_a_killed_server_does_not_hold_up_its_successor(
    own_services, connect, until, monkeypatch, guarded
):
    if not guarded:
        monkeypatch.setattr(postgresql, "kill_titled", lambda _: None)
    with connect(own_services.database_url) as busy, ThreadPoolExecutor() as pool:
        number = busy.info.backend_pid
        query = pool.submit(busy.execute, "SELECT sum(n) FROM (SELECT generate_series(1, 1e15::bigint) AS n)")
        until(lambda: psutil.Process(number).cpu_times().user > 0.1)
        os.kill(own_services.pid("postgresql"), signal.SIGKILL)
        if not guarded:
            until(
                lambda: "pre-existing shared memory block" in (own_services.log_folder / "postgresql.log").read_text()
            )
            os.kill(number, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            query.result(timeout=10)
    until(lambda: answer(own_services, connect))


_CLAIM = """
import sys
from pathlib import Path
from cli.embedded import InstanceRunning, folder

{before}
print("ready", flush=True)
sys.stdin.readline()
try:
    with folder.locked(Path(sys.argv[1])):
        print("mine", flush=True)
        sys.stdin.readline()
except InstanceRunning:
    print("refused", flush=True)
"""


def claims(folder: Path, before: str) -> list[str]:
    """What four processes hear that claim one folder at the same moment."""
    argv = [sys.executable, "-c", _CLAIM.format(before=before), str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(argv, **pipes, cwd=Path(__file__).parents[2]) for _ in range(4)]
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        return sorted(process.stdout.readline().strip() for process in processes)
    finally:
        for process in processes:
            process.communicate("end\n")


def test_of_several_that_claim_a_folder_at_once_one_gets_it(data_folder):
    assert claims(data_folder, "") == ["mine", "refused", "refused", "refused"]


def test_without_the_lock_they_would_all_get_it(data_folder):
    assert claims(data_folder, "folder._take = lambda _: True") == ["mine"] * 4
