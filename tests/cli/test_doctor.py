"""`slotwise doctor`: each check is shown what is well, and then what is broken for real."""

import datetime as dt
import http.server
import threading
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path

import httpx
import psycopg
import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Connection, create_engine, make_url, text

from cli.doctor import archive, database, here, queue, web, zones
from cli.doctor.checked import State, clock
from cli.embedded.databases import drop_database
from cli.instances import CHECKOUT
from models.migrate import find_schema
from models.session import make_engine
from models.settings import settings
from tests.conftest import as_application
from tests.workers.validation.corrupting import superuser_url

NOW = dt.datetime.now(dt.UTC)


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = make_engine(url, pool_size=1)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@pytest.fixture
def application(services, database_url) -> Iterator[Connection]:
    with connected(as_application(services, database_url)) as connection:
        yield connection


@pytest.fixture
def superuser(services, database_url) -> Iterator[Connection]:
    """Whoever may break anything. What is broken in a transaction is whole again afterwards."""
    with connected(superuser_url(services, database_url)) as connection:
        yield connection


# PostgreSQL


def test_a_database_as_it_should_be_is_well(application):
    for check in (
        database.check_version,
        database.check_extension,
        database.check_encoding,
        database.check_role,
        database.check_clock,
        database.check_connections,
        database.check_timeouts,
    ):
        assert check(application).state is State.OK, check(application)
    assert database.check_schema(find_schema(application)).state is State.OK
    assert zones.check_zones(application, NOW).state is State.OK


@pytest.mark.parametrize(
    ("statement", "check", "words"),
    [
        ("DROP EXTENSION btree_gist CASCADE", database.check_extension, "btree_gist is not installed"),
        ("GRANT INSERT ON audit_entry TO slotwise_app", database.check_role, "can write audit_entry"),
        ("REVOKE SELECT ON patient FROM slotwise_app", database.check_role, "may not read patient"),
        ("REVOKE UPDATE ON patient FROM slotwise_app", database.check_role, "may not write patient"),
        ("ALTER TABLE patient OWNER TO postgres", database.check_owner, "does not own patient"),
        ("REVOKE CREATE ON SCHEMA public FROM PUBLIC, slotwise", database.check_owner, "may not create tables"),
    ],
)
def test_what_is_broken_in_a_database_fails(superuser, statement, check, words):
    role = "slotwise" if check is database.check_owner else "slotwise_app"
    superuser.execute(text("ALTER SCHEMA public OWNER TO postgres; GRANT CREATE ON SCHEMA public TO slotwise"))
    superuser.execute(text(f"SET LOCAL ROLE {role}"))
    assert check(superuser).state is State.OK, check(superuser)
    superuser.execute(text("RESET ROLE"))
    superuser.execute(text(statement))
    superuser.execute(text(f"SET LOCAL ROLE {role}"))
    found = check(superuser)
    assert (found.state, words in found.says, bool(found.remedy)) == (State.FAIL, True, True), found


def test_who_may_more_than_the_application_needs_is_told(superuser, database_url):
    assert database.check_role(superuser).state is State.FAIL
    assert "a superuser" in database.check_role(superuser).says
    with connected(database_url) as owning:
        assert database.check_role(owning).state is State.WARN
        assert "can undo every rule" in database.check_role(owning).says
    superuser.execute(text("ALTER ROLE slotwise_app CREATEDB"))
    superuser.execute(text("SET LOCAL ROLE slotwise_app"))
    found = database.check_role(superuser)
    assert (found.state, "NOCREATEDB" in found.remedy) == (State.WARN, True)


@pytest.mark.parametrize(
    ("version", "serves", "state"),
    [("0009", "", State.FAIL), ("9999", "Serves versions since 0009", State.WARN), ("9999", "", State.FAIL)],
)
def test_another_schema_is_told(superuser, version, serves, state):
    superuser.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    superuser.execute(text(f"COMMENT ON TABLE alembic_version IS '{serves}'"))
    assert database.check_schema(find_schema(superuser)).state is state


def test_an_encoding_that_cannot_hold_every_name_fails(services):
    name = "slotwise_latin"
    with psycopg.connect(
        make_url(services.database_url).set(drivername="postgresql").render_as_string(hide_password=False),
        autocommit=True,
    ) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc"
        )
    try:
        with connected(
            make_url(services.database_url).set(database=name).render_as_string(hide_password=False)
        ) as latin:
            found = database.check_encoding(latin)
    finally:
        drop_database(services.database_url, name)
    assert (found.state, found.says) == (State.FAIL, "the database is written in LATIN1")


def test_timeouts_that_do_not_reach_the_server_fail(database_url):
    engine = create_engine(database_url)  # as by a pooler that drops them
    with engine.connect() as connection:
        found = database.check_timeouts(connection)
    engine.dispose()
    assert found.state is State.FAIL
    assert "lock_timeout is 0 and not 10s" in found.says


def test_connections_that_run_out_are_told(application, services, database_url):
    url = make_url(as_application(services, database_url)).set(drivername="postgresql")
    with ExitStack() as stack:
        for _ in range(160):
            stack.enter_context(psycopg.connect(url.render_as_string(hide_password=False)))
        found = database.check_connections(application)
    assert (found.state, "one API process may take 40" in found.says) == (State.WARN, True)


def test_a_server_that_may_lose_what_was_acknowledged_fails(application):
    found = database.check_durability(application)  # the tests' own is set so: they need no disk
    assert (found.state, found.says.partition(" off")[0]) == (State.FAIL, "fsync, full_page_writes")
    application.execute(text("SET LOCAL synchronous_commit = off"))
    assert "synchronous_commit" in database.check_durability(application).says


def test_upkeep_that_is_off_fails(application):
    states = {each.name: each.state for each in database.check_upkeep(application)}
    assert states == {"checksums": State.OK, "vacuum": State.FAIL}  # as the tests' own server is set


def test_a_log_that_nobody_archives_is_told(application):
    assert archive.check_archive(application).state is State.WARN


SEGMENT = "0000000100000002000000"  # its last two digits name the segment


@pytest.mark.parametrize(
    ("archived", "minutes_ago", "failed", "current", "state", "words"),
    [
        ("FE", 3, None, "FF", State.OK, "archived 3 min 0 s ago"),
        ("FE", 120, None, "FF", State.OK, "2 h 0 min ago"),  # nobody writes at night
        ("F0", 3, None, "FF", State.OK, ""),
        ("FC", 20, None, "FF", State.FAIL, "and 2 more wait for it"),
        ("FE", 20, 5, "FF", State.FAIL, "failed, 5 min 0 s ago"),
        ("FE", 5, 20, "FF", State.OK, ""),  # it was mended
        (None, 0, 5, "FF", State.FAIL, "failed"),
        (None, 0, None, "FF", State.UNKNOWN, "nothing was archived as yet"),
    ],
)
def test_an_archive_that_stays_behind_fails(archived, minutes_ago, failed, current, state, words):
    found = archive.judge(
        archive.Archiver(
            NOW,
            archived and SEGMENT + archived,
            NOW - dt.timedelta(minutes=minutes_ago) if archived else None,
            NOW - dt.timedelta(minutes=failed) if failed else None,
            SEGMENT + current,
            16 * 2**20,
        )
    )
    assert (found.state, words in found.says) == (state, True), found


def test_time_zones_that_are_not_the_databases_fail(application, tmp_path):
    lisbon = tmp_path / "Europe" / "Lisbon"
    lisbon.parent.mkdir()
    lisbon.write_bytes((files("tzdata") / "zoneinfo/Africa/Lagos").read_bytes())  # an hour ahead all year
    before = zoneinfo.TZPATH
    try:
        zoneinfo.reset_tzpath([str(tmp_path)])
        zoneinfo.ZoneInfo.clear_cache()
        found = zones.check_zones(application, dt.datetime(2027, 1, 4, tzinfo=dt.UTC))
    finally:
        zoneinfo.reset_tzpath(before)
        zoneinfo.ZoneInfo.clear_cache()
    assert found.state is State.FAIL
    assert "on 04 Jan 2027 Europe/Lisbon is UTC+00:00 by PostgreSQL and UTC+01:00 by Python" in found.says


@pytest.mark.parametrize(
    ("skew", "state", "words"),
    [(0.2, State.OK, "to 0.200 s"), (-2, State.WARN, "2.0 s behind"), (30, State.FAIL, "30.0 s ahead of")],
)
def test_clocks_that_go_wrong_are_told(skew, state, words):
    found = clock("clock", "The clock", skew)
    assert (found.state, words in found.says, bool(found.remedy)) == (state, True, state is not State.OK)


# Redis


@pytest.fixture
def valkey(redis_url) -> Iterator[redis.Redis]:
    """The tests' own, as it was set before in the end."""
    names = ("maxmemory", "maxmemory-policy", "appendonly", "requirepass", "port")
    with redis.Redis.from_url(redis_url) as client:
        before = client.config_get(*names)
        yield client
        client.replicaof("NO", "ONE")
        for name, value in before.items():
            client.config_set(name, value)


def states(url: str) -> dict[str, State]:
    return {each.name: each.state for each in queue.check_redis(url)}


def test_a_redis_as_it_should_be_is_well(valkey, broker_url):
    assert set(states(broker_url).values()) == {State.OK}


def replicate(client: redis.Redis) -> None:
    client.replicaof("127.0.0.1", "1")


def nearly_fill(client: redis.Redis) -> None:
    client.set("ballast", bytes(20_000_000))
    client.config_set("maxmemory", int(client.info()["used_memory"] * 1.04))


@pytest.mark.parametrize(
    ("break_it", "broken"),
    [
        (lambda client: client.config_set("maxmemory-policy", "allkeys-lru"), {"Redis eviction": State.FAIL}),
        (lambda client: client.config_set("appendonly", "no"), {"Redis persistence": State.WARN}),
        (nearly_fill, {"Redis memory": State.FAIL}),
        (replicate, {"Redis role": State.FAIL, "Redis messages": State.FAIL}),
        (lambda client: client.config_set("maxmemory", 1), {"Redis memory": State.FAIL, "Redis messages": State.FAIL}),
    ],
)
def test_what_is_broken_in_redis_is_told_and_nothing_else(valkey, broker_url, break_it: Callable, broken):
    break_it(valkey)
    found = {each: value for each, value in states(broker_url).items() if value is not State.OK}
    assert found == broken


def test_a_redis_that_anyone_may_use_is_told(valkey, free_port):
    valkey.config_set("port", free_port)
    assert queue.check_way(f"redis://:guess@127.0.0.1:{free_port}/0").state is State.WARN
    valkey.config_set("requirepass", "secret")
    valkey.execute_command("AUTH", "secret")
    assert queue.check_way(f"redis://:secret@127.0.0.1:{free_port}/0").state is State.OK
    valkey.config_set("requirepass", "")


def test_a_redis_that_is_away_fails_and_that_is_all(free_port):
    [found] = queue.check_redis(f"redis://:secret@127.0.0.1:{free_port}/0")
    assert (found.state, "secret" in found.says) == (State.FAIL, False)


@pytest.fixture
def free_port() -> int:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        return server.server_port


# Here


def test_the_packages_are_those_of_the_lock_file(tmp_path):
    lock = CHECKOUT / "requirements.lock"
    assert here.check_packages(lock).state is State.OK
    other = tmp_path / "requirements.lock"
    other.write_text("rich==1.0.0 \\\n    --hash=sha256:0\nnobody-has-this==2 \\\n    --hash=sha256:0\n")
    found = here.check_packages(other)
    assert found.state is State.FAIL
    assert "rich is " in found.says
    assert "nobody-has-this is missing" in found.says
    other.write_text("nobody-has-this==2 ; sys_platform == 'win32' \\\n    --hash=sha256:0\n")
    assert here.check_packages(other).state is State.OK
    assert here.check_packages(tmp_path / "none").state is State.UNKNOWN


@pytest.mark.parametrize(
    "contradiction",
    [{"SWEEP_EVERY": "60"}, {"QUEUE_AGE_ALARM": "10"}, {"MAX_QUEUED": "100"}, {"DELIVERY_FIRST_WAIT": "30000"}],
)
def test_settings_that_contradict_each_other_are_told(monkeypatch, contradiction):
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://u@/d")
    monkeypatch.setenv("REDIS_URL", "redis://localhost")
    settings.cache_clear()
    [well] = here.check_settings(settings())
    assert well.state is State.OK
    for name, value in contradiction.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    [found] = here.check_settings(settings())
    settings.cache_clear()
    assert (found.state, next(iter(contradiction)) in found.says) == (State.WARN, True)


@pytest.mark.parametrize(
    ("mode", "readable", "state"),
    [(0o600, False, State.OK), (0o644, False, State.FAIL), (0o444, True, State.OK), (0o666, True, State.FAIL)],
)
def test_secrets_that_others_get_at_fail(tmp_path, mode, readable, state):
    secret = tmp_path / "secrets.json"
    secret.write_text("{}")
    secret.chmod(mode)
    assert here.check_secrets([secret, tmp_path / "none"], readable=readable).state is state


def test_room_on_the_disk_is_told(tmp_path):
    assert f"GB are free below {tmp_path}" in here.check_room(tmp_path).says


# The API


def test_an_api_that_is_ready_and_answers_to_its_own_names_is_well(api):
    base = str(api.base_url).rstrip("/")
    assert [each.state for each in web.check_api(base, NOW)] == [State.OK, State.OK]


def test_an_api_that_is_not_ready_says_why(api, owner):
    with owner() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0009'"))
    found = web.check_ready(api, "here")
    assert (found.state, "0009" in found.says) == (State.FAIL, True)


class AnswersAnybody(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_an_api_that_answers_to_any_name_fails():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), AnswersAnybody) as server:
        threading.Thread(target=server.serve_forever).start()
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}") as client:
            found = web.check_hosts(client)
        server.shutdown()
    assert found.state is State.FAIL


def test_an_api_that_is_away_fails(free_port):
    [found] = web.check_api(f"http://127.0.0.1:{free_port}", NOW)
    assert found.state is State.FAIL


@pytest.mark.parametrize(("days", "state"), [(90, State.OK), (10, State.WARN), (-1, State.FAIL)])
def test_a_certificate_is_renewed_in_time(tmp_path, days, state):
    assert web.check_certificate(certificate(tmp_path, days), "here", NOW).state is state


def certificate(folder: Path, days: int) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "plan.hospital.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - dt.timedelta(days=30))
        .not_valid_after(NOW + dt.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return file


# The command


def test_the_command_tells_each_check_and_what_to_do(slotwise, service_environment):
    done = slotwise("doctor", env=service_environment)
    assert done.code == 1  # the tests' server may lose what was acknowledged, and no worker runs
    lines = done.out.splitlines()
    assert any(line.split()[:2] == ["ok", "PostgreSQL"] for line in lines)
    at = next(number for number, line in enumerate(lines) if line.split()[:2] == ["fail", "workers"])
    assert lines[at + 1].strip().startswith("Start some")
    assert "Traceback" not in done.err


def test_the_command_goes_on_while_services_are_away(slotwise, tmp_path):
    env = {
        "DATABASE_URL": f"postgresql+psycopg://nobody@/nothing?host={tmp_path}",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    done = slotwise("doctor", "--json", env=env)
    found = {each["name"]: each["state"] for each in done.json["checks"]}
    assert done.code == 1
    assert {name: found[name] for name in ("database", "Redis", "workers", "API")} == {
        "database": "fail",
        "Redis": "fail",
        "workers": "unknown",
        "API": "unknown",
    }


def test_the_command_names_settings_that_will_not_do(slotwise, service_environment):
    done = slotwise("doctor", "--json", env=service_environment | {"LEASE": "1"})
    [found] = [each for each in done.json["checks"] if each["name"] == "settings"]
    assert (done.code, found["state"], "lease (1 s)" in found["says"]) == (1, "fail", True)
