"""Starting and ending the services, and what others can see of them."""

import json
import os
import pwd
import stat
from pathlib import Path

import psutil
import pytest
import redis

from cli.embedded import DataFolderUnusable, EmbeddedServices, InstanceRunning, find_running
from cli.embedded.account import service_account


def start(folder: Path, environ=None) -> EmbeddedServices:
    return EmbeddedServices(folder, environ=environ or {}, durable=False)


def put(services, connect) -> None:
    with connect(services.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with redis.Redis.from_url(services.redis_url) as client:
        client.rpush("queue", "a task")


def kept(services, connect) -> tuple[object, object]:
    with connect(services.database_url) as connection, redis.Redis.from_url(services.redis_url) as client:
        return connection.execute("SELECT answer FROM kept").fetchone()[0], client.lrange("queue", 0, -1)


def test_a_second_start_finds_the_data_of_the_first(data_folder, connect):
    with start(data_folder) as services:
        put(services, connect)
    with start(data_folder) as services:
        assert kept(services, connect) == (42, [b"a task"])


@pytest.mark.parametrize("durable", [True, False])
def test_durable_services_wait_for_the_disk_and_others_do_not(data_folder, connect, durable):
    with (
        EmbeddedServices(data_folder, environ={}, durable=durable) as services,
        connect(services.database_url) as connection,
    ):
        assert connection.execute("SHOW fsync").fetchone() == ("on" if durable else "off",)
        with redis.Redis.from_url(services.redis_url, decode_responses=True) as client:
            assert client.config_get("appendfsync") == {"appendfsync": "always" if durable else "no"}


def test_the_queue_is_kept_in_a_file_and_never_forgets_to_make_room(data_folder):
    with start(data_folder) as services, redis.Redis.from_url(services.redis_url, decode_responses=True) as client:
        assert client.config_get("appendonly", "maxmemory-policy", "save") == {
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
            "save": "",
        }


def test_the_services_listen_on_unix_sockets_only(data_folder):
    with start(data_folder) as services:
        for name in ("postgresql", "valkey"):
            listening = psutil.Process(services.pid(name)).net_connections("inet")
            assert listening == []


def test_the_services_run_as_an_unprivileged_account_that_owns_the_data(data_folder):
    expected = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    with start(data_folder) as services:
        for name in ("postgresql", "valkey"):
            assert set(psutil.Process(services.pid(name)).uids()) == {expected}
            data = (data_folder / name).stat()
            assert (data.st_uid, stat.S_IMODE(data.st_mode)) == (expected, 0o700)


def test_what_is_secret_is_readable_by_its_owner_only(data_folder):
    with start(data_folder):
        for name in ("secrets.json", "running.json"):
            file = (data_folder / name).stat()
            assert (file.st_uid, stat.S_IMODE(file.st_mode)) == (os.geteuid(), 0o600)
        assert stat.S_IMODE((data_folder / "logs").stat().st_mode) == 0o700
        assert stat.S_IMODE((data_folder / "sockets").stat().st_mode) == 0o700


def test_a_wrong_password_is_refused(data_folder, connect):
    with start(data_folder) as services:
        password = json.loads((data_folder / "secrets.json").read_text())["slotwise"]
        with pytest.raises(Exception, match="password authentication failed"):
            connect(services.database_url.replace(password, "guess"))


def test_data_whose_passwords_are_gone_is_refused_and_kept(data_folder):
    with start(data_folder):
        pass
    (data_folder / "secrets.json").unlink()
    with pytest.raises(DataFolderUnusable, match="Restore it"), start(data_folder):
        pass
    assert (data_folder / "postgresql" / "PG_VERSION").exists()


def test_a_second_instance_on_a_folder_is_refused_with_the_folder_and_the_process_named(data_folder):
    with start(data_folder) as first:
        with (
            pytest.raises(InstanceRunning, match=f"{data_folder}.*process {os.getpid()}") as refusal,
            start(data_folder),
        ):
            pass
        assert refusal.value.pid == os.getpid()
        with redis.Redis.from_url(first.redis_url) as client:
            assert client.ping()


def test_other_processes_find_the_running_instance_only_while_it_runs(data_folder, start_instance):
    assert find_running(data_folder) is None
    instance = start_instance(data_folder)
    running = find_running(data_folder)
    assert (running.pid, running.database_url) == (instance.process.pid, instance.application_url)
    assert (running.redis_url, running.broker_url) == (
        instance.redis_url,
        instance.redis_url.replace("unix", "redis+socket"),
    )
    instance.kill()
    assert (data_folder / "running.json").exists()  # stale
    assert find_running(data_folder) is None


def test_where_both_addresses_are_given_nothing_is_embedded(data_folder):
    given = {"DATABASE_URL": "postgresql+psycopg://db.example/slotwise", "REDIS_URL": "redis://queue.example:6379/0"}
    children = psutil.Process().children(recursive=True)
    with start(data_folder, given) as services:
        assert services.environment == given
        assert psutil.Process().children(recursive=True) == children
        assert not (data_folder / "postgresql").exists()
        assert not (data_folder / "valkey").exists()


@pytest.mark.parametrize(
    ("variable", "address", "embedded", "absent"),
    [
        ("DATABASE_URL", "postgresql+psycopg://db.example/slotwise", "valkey", "postgresql"),
        ("REDIS_URL", "redis://queue.example:6379/0", "postgresql", "valkey"),
    ],
)
def test_where_one_address_is_given_only_the_other_service_is_embedded(
    data_folder, variable, address, embedded, absent
):
    with start(data_folder, {variable: address}) as services:
        assert services.environment[variable] == address
        assert psutil.pid_exists(services.pid(embedded))
        assert not (data_folder / absent).exists()


@pytest.mark.parametrize("name", ["long" * 30, "with a space, 100% ünïcode"])
def test_a_folder_whose_name_no_socket_can_have_works_all_the_same(data_folder, connect, name):
    with start(data_folder / name) as services:
        put(services, connect)
        assert kept(services, connect) == (42, [b"a task"])
        sockets = Path(services.redis_url.removeprefix("unix://")).parent
        assert len(str(sockets)) < 80
    assert not sockets.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its services to another account")
def test_root_is_told_when_the_services_account_cannot_reach_the_folder(data_folder):
    closed = data_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DataFolderUnusable, match="`nobody`, who cannot reach it"), start(closed / "data"):
        pass
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_data_of_another_account_is_refused_with_its_owner_named(data_folder):
    stranger = service_account().uid - 1
    (data_folder / "postgresql").mkdir()
    os.chown(data_folder / "postgresql", stranger, -1)
    with pytest.raises(DataFolderUnusable, match=f"belongs to user id {stranger}"), start(data_folder):
        pass
