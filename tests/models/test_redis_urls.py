"""One Redis address, two spellings."""

import pytest
from celery import Celery

from models.redis_urls import for_celery, for_redis_py


@pytest.mark.parametrize(
    ("redis_py", "celery"),
    [
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock"),
        ("unix:///run/valkey.sock?db=3", "redis+socket:///run/valkey.sock?virtual_host=3"),
        (
            "unix://:secret@/run/valkey.sock?db=3&socket_timeout=5",
            "redis+socket://:secret@/run/valkey.sock?virtual_host=3&socket_timeout=5",
        ),
        ("redis://queue.example:6379/0", "redis://queue.example:6379/0"),
        (
            "rediss://:secret@queue.example/1?ssl_cert_reqs=required",
            "rediss://:secret@queue.example/1?ssl_cert_reqs=required",
        ),
    ],
)
def test_each_library_gets_its_own_spelling_whichever_was_given(redis_py, celery):
    for given in (redis_py, celery):
        assert for_redis_py(given) == redis_py
        assert for_celery(given) == celery


def test_celery_sends_through_the_embedded_queue(services, broker_url):
    app = Celery(broker=broker_url, backend=broker_url, set_as_current=False)
    app.conf.task_default_queue = "celery"
    with app.connection_for_write() as connection:
        app.send_task("tests.nothing", connection=connection)
        assert connection.default_channel._size("celery") == 1
    app.close()
