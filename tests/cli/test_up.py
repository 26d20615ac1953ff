"""`slotwise up`: on this machine only, on a free port, found by other commands, and gone when asked to end."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

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
