"""`slotwise up`: on this machine only, on a free port, found by other commands, and gone when asked to end."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest

from cli.embedded.folder import temporary_data_folder
from cli.instance import choose_port, only_loopback
from cli.output import Exit, Stop


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_listens_on_this_machine(host: str) -> None:
    only_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "slotwise.example.org", ""])  # noqa: S104  # refused
def test_refuses_what_other_machines_can_reach(host: str) -> None:
    with pytest.raises(Stop, match="no access control yet") as raised:
        only_loopback(host)
    assert raised.value.code is Exit.USAGE


def test_says_so_on_the_command_line_before_anything_starts(slotwise, tmp_path: Path) -> None:
    done = slotwise("up", "--host", "0.0.0.0", "--data", tmp_path / "data")  # noqa: S104
    assert done.code == 2
    assert "no access control yet" in done.err
    assert not (tmp_path / "data").exists()


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
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=bare)
        assert process.stdout
        told = "".join(iter(process.stdout.readline, "}\n")) + "}"
        children = psutil.Process(process.pid).children(recursive=True)
        yield json.loads(told), folder
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert not any(child.is_running() for child in children), "nothing is left behind"


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
    again = slotwise("book", "--api", told["api"], "--json", "requests.csv")
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
    assert sum(status.json["figures"]["decided"].values()) == 4
    assert status.json["figures"]["runs"][0]["plan"] == "optimal"

    assert slotwise("book", "--data", data, "no-such-file.csv").code == 2


def test_a_second_one_on_the_same_folder_is_refused(running, slotwise) -> None:
    done = slotwise("up", "--data", running[1])
    assert done.code == 3
    assert "already runs" in done.err


def test_a_file_of_requests_needs_an_api_that_answers(slotwise, folder: Path) -> None:
    done = slotwise("book", "--api", "http://127.0.0.1:1", "requests.csv")
    assert done.code == 3
    assert "does not answer" in done.err
