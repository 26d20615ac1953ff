"""`slotwise up`: on this machine only, on a free port, found by other commands, and gone when asked to end."""

import json
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import create_engine, text

from cli.embedded.folder import temporary_data_folder
from cli.instance import choose_port
from cli.output import Stop


def test_a_port_that_was_asked_for_and_is_taken_is_refused() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Stop, match=f"Port {port} of 127.0.0.1 is taken"):
            choose_port("127.0.0.1", port)
    assert choose_port("127.0.0.1", port) == port


def test_where_8000_is_taken_a_free_port_is_chosen_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        preferred = taken.getsockname()[1]
        monkeypatch.setattr("cli.instance.PREFERRED_PORT", preferred)
        port = choose_port("127.0.0.1", None)
    assert port != preferred
    assert f"Port {preferred} is taken, so the API listens on {port}." in capsys.readouterr().err


@pytest.fixture(scope="module")
def running(program: Path) -> Iterator[tuple[dict[str, str], Path]]:
    """An instance in a folder of its own, and where it says it is. It must end well when it is asked to."""
    bare = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    with temporary_data_folder() as folder:
        argv = [program, "up", "--json", "--data", str(folder), "--workers", "1"]
        chosen = bare | {"MAX_QUEUED": "4000"}
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=chosen)
        assert process.stdout
        told = "".join(iter(process.stdout.readline, "}\n")) + "}"
        children = psutil.Process(process.pid).children(recursive=True)
        yield json.loads(told), folder
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert not any(child.is_running() for child in children), "nothing is left behind"
        assert not (folder / "api.token").exists()


def test_says_where_it_is_and_answers_there(running) -> None:
    told, folder = running
    assert told["data"] == str(folder)
    assert httpx.get(told["docs"], trust_env=False).status_code == 200
    assert "***" in told["database"], "its password stays out of terminals"


def test_other_commands_find_it_by_its_folder(running, folder: Path, slotwise) -> None:
    told, data = running
    files = ["hospitals.csv", "hours.csv", "users.csv", "patients.csv", "availabilities.csv"]
    imported = slotwise("import", "--data", data, *files)
    assert imported.code == 0, imported.err

    booked = slotwise("book", "--data", data, "--json", "requests.csv")
    assert (booked.code, booked.json["by_status"]) == (0, {"booked": 1}), booked.err
    nobody = slotwise("book", "--api", told["api"], "requests.csv")
    assert (nobody.code, "wants an access token" in nobody.err) == (3, True)
    again = slotwise("book", "--api", told["api"], "--json", "requests.csv", env=own_token(data))
    assert again.json["batch"] == booked.json["batch"], "the same file is queued once"
    anew = slotwise("book", "--data", data, "--json", "--again", "requests.csv")
    assert anew.json["by_status"] == {"booked": 1}, "the other hour"
    assert slotwise("book", "--data", data, "--again", "requests.csv").code == 0
    none_left = slotwise("book", "--data", data, "--again", "requests.csv")
    assert none_left.code == 0, "a conflict is an answer"
    assert "hours_taken" in none_left.out

    (folder / "requests.csv").write_text(
        "patient,doctors,earliest,latest\nP-7,D-1,2027-01-11T09:00:00Z,2027-01-11T08:00:00Z\n"
    )
    refused = slotwise("book", "--data", data, "requests.csv")
    assert refused.code == 1
    assert "requests.csv, line 2, patient" in refused.err
    assert "requests.csv, line 2, latest" in refused.err

    status = slotwise("status", "--data", data, "--json")
    assert status.code == 0, status.err
    assert {service["name"] for service in status.json["services"]} == {"queue", "workers", "API"}
    bounds = {"said_by": "workers", "max_queued": 4000, "queue_age_alarm": 300.0}
    assert status.json["bounds"] == bounds, "not as in the environment of this terminal"
    assert sum(status.json["figures"]["decided"].values()) == 4
    assert status.json["figures"]["runs"][0]["plan"] == "optimal"

    assert slotwise("book", "--data", data, "no-such-file.csv").code == 2


def own_token(data: Path) -> dict[str, str]:
    return {"SLOTWISE_TOKEN": (data / "api.token").read_text().strip()}


def test_the_token_of_its_own_terminal_is_nobody_elses_to_read(running) -> None:
    _, data = running
    assert stat.S_IMODE((data / "api.token").stat().st_mode) == 0o600


def test_a_second_one_on_the_same_folder_is_refused(running, slotwise) -> None:
    done = slotwise("up", "--data", running[1])
    assert done.code == 3
    assert "already runs" in done.err


@pytest.fixture
def later(database_url: str, broker_url: str) -> Callable[[str], dict[str, str]]:
    """The environment of a database that a later version has migrated; `serves` is what that wrote down."""

    def migrated(serves: str) -> dict[str, str]:
        engine = create_engine(database_url)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
            connection.execute(text(f"COMMENT ON TABLE alembic_version IS '{serves}'"))
        engine.dispose()
        return {"DATABASE_URL": database_url, "REDIS_URL": broker_url}

    return migrated


def test_a_schema_that_serves_this_version_no_longer_is_refused_with_the_remedy(slotwise, later) -> None:
    with temporary_data_folder() as folder:
        done = slotwise("up", "--data", folder, env=later("Serves versions since 9998"))
    assert done.code == 1
    assert "The schema 9999 is of a later version and serves this one" in done.err
    assert "no longer. Start the later version, or restore a backup from before it" in done.err


def test_a_schema_of_a_later_version_that_serves_this_one_is_told(program: Path, later) -> None:
    environment = os.environ | later("Serves versions since 0009")
    with temporary_data_folder() as folder:
        argv = [program, "up", "--data", str(folder), "--workers", "1"]
        with subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as up:
            assert up.stderr
            told = next((line for line in up.stderr if "9999" in line), "")
            up.terminate()
            up.communicate(timeout=60)
    assert "is of a later version and serves this one" in told
    assert "start the later version again when it is mended" in told


def test_a_file_of_requests_needs_an_api_that_answers(slotwise, folder: Path) -> None:
    done = slotwise("book", "--api", "http://127.0.0.1:1", "requests.csv")
    assert done.code == 3
    assert "does not answer" in done.err
