"""Redis that takes no messages is not taken for one that does, though it may answer PING."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import redis

from api.broker import find_trouble
from models.seeing.broker import Trouble
from tests.workers.waiting import until

PATIENCE = 2.0


@pytest.fixture
def valkey(redis_url) -> Iterator[redis.Redis]:
    """The tests' own, as it was set before in the end."""
    with redis.Redis.from_url(redis_url) as client:
        before = client.config_get("maxmemory", "save", "requirepass")
        folder = Path(client.config_get("dir")["dir"])
        mode = folder.stat().st_mode
        yield client
        folder.chmod(mode)
        until(lambda: save(client) == "ok", what="the file to be written again")
        for name, value in before.items():
            client.config_set(name, value)
        client.replicaof("NO", "ONE")
        client.execute_command("ACL", "DELUSER", "clerk")


def save(client: redis.Redis) -> str:
    """What came of the last time that the file was written, which it is once more."""
    with suppress(redis.ResponseError):  # it is about to
        client.bgsave()
    return client.info("persistence")["rdb_last_bgsave_status"]


def fill(client: redis.Redis) -> None:
    client.config_set("maxmemory", 1)


def replicate(client: redis.Redis) -> None:
    client.replicaof("127.0.0.1", "9")


def save_in_vain(client: redis.Redis) -> None:
    """As where the disk is full: Redis then refuses what it could not keep."""
    Path(client.config_get("dir")["dir"]).chmod(0o500)
    client.config_set("save", "3600 1")
    until(lambda: save(client) == "err", what="the file not to be written")


def want_a_password(client: redis.Redis) -> None:
    client.config_set("requirepass", "another")


@pytest.mark.parametrize(
    ("trouble", "found"),
    [
        (lambda _: None, None),
        (fill, Trouble.FULL),
        (replicate, Trouble.READ_ONLY),
        (save_in_vain, Trouble.CANNOT_SAVE),
        (want_a_password, Trouble.LOCKED),
    ],
)
def test_what_is_wrong_is_known(valkey, broker_url, trouble, found):
    trouble(valkey)
    assert find_trouble(broker_url, patience=PATIENCE) is found


def test_a_password_that_is_wrong_is_told_from_one_that_may_too_little(valkey, redis_url):
    valkey.execute_command("ACL", "SETUSER", "clerk", "on", ">secret", "+ping")
    clerk = redis_url.replace("unix://", "unix://clerk:{}@")
    assert find_trouble(clerk.format("guess"), patience=PATIENCE) is Trouble.LOCKED
    assert find_trouble(clerk.format("secret"), patience=PATIENCE) is Trouble.REFUSING


def test_what_accepts_and_never_answers_is_away_and_so_is_nobody():
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        assert find_trouble(address, patience=0.1) is Trouble.AWAY
    assert find_trouble(address, patience=PATIENCE) is Trouble.AWAY


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_its_words(trouble):
    assert trouble.says.startswith("Redis ")
    assert trouble.remedy.endswith(".")
