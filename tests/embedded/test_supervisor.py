"""Processes that are kept running."""

import logging
import os
import signal
import sys

import psutil
import pytest

from cli.embedded import Process, ProcessFailed, Supervisor, logs
from cli.embedded.orphans import end_marked

_FOREVER = "import threading; threading.Event().wait()"


def python(name: str, source: str, **options) -> Process:
    return Process(name=name, argv=[sys.executable, "-u", "-c", source], **options)


@pytest.fixture
def log_folder(tmp_path):
    return tmp_path / "logs"


@pytest.fixture
def supervisor(log_folder):
    with Supervisor(log_folder) as supervisor:
        yield supervisor


def test_a_start_returns_when_the_process_is_ready(supervisor, tmp_path):
    sign = tmp_path / "ready"
    supervisor.start(python("api", f"open({str(sign)!r}, 'w').close(); {_FOREVER}", ready=sign.exists))
    assert sign.exists()


def test_a_process_that_dies_is_started_again_and_the_log_says_how_it_died_and_how_often(supervisor, until, caplog):
    caplog.set_level(logging.WARNING)
    supervisor.start(python("worker", _FOREVER))
    seen = set()
    for _ in range(3):
        until(lambda: supervisor.pid("worker") not in {None, *seen})
        seen.add(supervisor.pid("worker"))
        os.kill(supervisor.pid("worker"), signal.SIGKILL)
    until(lambda: "restart 3" in caplog.text)
    assert caplog.messages == [
        "worker was ended by SIGKILL; restart 1 in 0.1 s",
        "worker was ended by SIGKILL; restart 2 in 0.2 s",
        "worker was ended by SIGKILL; restart 3 in 0.4 s",
    ]


def test_a_process_that_keeps_failing_is_told_with_its_exit_code(supervisor, until, caplog, tmp_path):
    was_here = tmp_path / "was here"
    source = f"import pathlib, sys; p = pathlib.Path({str(was_here)!r}); p.exists() and sys.exit(3); p.touch()"
    supervisor.start(python("worker", f"{source}; {_FOREVER}", ready=was_here.exists))
    os.kill(supervisor.pid("worker"), signal.SIGKILL)
    until(lambda: caplog.text.count("worker ended with exit code 3") >= 2)


def test_a_process_that_ends_before_it_is_ready_fails_the_start_with_its_last_lines(supervisor, log_folder):
    with pytest.raises(ProcessFailed, match=r"api ended with exit code 2\..*\n  port 8000 is taken") as failure:
        supervisor.start(python("api", "import sys; print('port 8000 is taken'); sys.exit(2)", ready=lambda: False))
    assert failure.value.last_lines == ["port 8000 is taken"]
    assert str(log_folder / "api.log") in str(failure.value)


def test_a_process_that_is_never_ready_fails_the_start_and_is_ended(supervisor):
    with pytest.raises(ProcessFailed, match=r"api was not ready within 0\.3 s"):
        supervisor.start(python("api", _FOREVER, ready=lambda: False, patience=0.3))
    assert supervisor.pid("api") is None


def test_a_program_that_does_not_exist_fails_the_start(supervisor):
    with pytest.raises(ProcessFailed, match=r"could not be started: .*No such file"):
        supervisor.start(Process(name="api", argv=["/nonexistent/program"]))


def test_a_first_start_is_tried_as_often_as_asked(supervisor, tmp_path):
    tries = tmp_path / "tries"
    source = f"import sys; f = open({str(tries)!r}, 'a'); f.write('x'); f.close(); sys.exit(1)"
    with pytest.raises(ProcessFailed):
        supervisor.start(python("api", source, ready=lambda: False, attempts=3))
    assert tries.read_text() == "xxx"


def test_processes_are_stopped_in_reverse_order_by_their_own_signals(log_folder, tmp_path):
    told = tmp_path / "told"
    source = """
import pathlib, signal, sys, threading
told, name = pathlib.Path(sys.argv[1]), sys.argv[2]
def end(number, frame):
    with told.open("a") as file:
        print(name, signal.Signals(number).name, file=file)
    sys.exit()
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
told.with_name(name).touch()
while True:
    signal.pause()
"""
    with Supervisor(log_folder) as supervisor:
        for name, sign in (("database", signal.SIGINT), ("api", signal.SIGTERM), ("worker", signal.SIGTERM)):
            argv = [sys.executable, "-c", source, str(told), name]
            supervisor.start(Process(name=name, argv=argv, ready=tmp_path.joinpath(name).exists, stop_signal=sign))
    assert told.read_text() == "worker SIGTERM\napi SIGTERM\ndatabase SIGINT\n"


def test_a_process_that_will_not_end_is_killed_after_its_grace(log_folder, tmp_path, caplog):
    sign = tmp_path / "deaf"
    source = (
        f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(sign)!r}, 'w').close(); {_FOREVER}"
    )
    with Supervisor(log_folder) as supervisor:
        supervisor.start(python("worker", source, ready=sign.exists, grace=0.3))
        pid = supervisor.pid("worker")
    assert not psutil.pid_exists(pid)
    assert "worker did not end within 0.3 s: killed" in caplog.text


def test_what_a_process_had_started_dies_with_it(supervisor, until, tmp_path):
    note = tmp_path / "grandchild"
    source = f"""
import pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {_FOREVER!r}])
pathlib.Path({str(note)!r}).write_text(f"{{child.pid}}\\n")
child.wait()
"""
    supervisor.start(python("worker", source, ready=lambda: note.exists() and note.read_text().endswith("\n")))
    grandchild = psutil.Process(int(note.read_text()))
    os.kill(supervisor.pid("worker"), signal.SIGKILL)
    until(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)


def test_output_is_kept_over_restarts_and_bounded_in_size(supervisor, log_folder, until, monkeypatch):
    monkeypatch.setattr(logs, "_BYTES_PER_FILE", 10_000)
    supervisor.start(python("worker", "for n in range(3000): print('line', n)"))
    until(lambda: len(list(log_folder.glob("worker.log*"))) == 4)
    written = [file.stat().st_size for file in log_folder.glob("worker.log*")]
    assert max(written) <= 10_000


_SUPERVISING = """
import sys
from pathlib import Path
from cli.embedded import Process, Supervisor

child = '''
import pathlib, signal, subprocess, sys
grandchild = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
signal.signal(signal.SIGINT, lambda *_: pathlib.Path(sys.argv[1], "interrupted").touch())
pathlib.Path(sys.argv[1], "ready").touch()
grandchild.wait()
'''
folder = Path(sys.argv[1])
try:
    with Supervisor(folder / "logs") as supervisor:
        argv = [sys.executable, "-c", child, str(folder)]
        supervisor.start(Process(name="worker", argv=argv, ready=(folder / "ready").exists))
        print("up", flush=True)
        supervisor.wait()
except KeyboardInterrupt:  # it came before the wait
    pass
print("ended", flush=True)
"""


def test_ctrl_c_reaches_the_supervisor_and_not_its_processes(run_script, tmp_path):
    script = run_script(_SUPERVISING, tmp_path)
    assert script.line() == "up"
    script.note_family()
    script.interrupt_group()
    assert script.line() == "ended"
    assert script.process.wait() == 0
    assert script.family_is_gone(seconds=1)
    assert not (tmp_path / "interrupted").exists()


def test_what_a_killed_supervisor_leaves_is_found_and_ended(run_script, tmp_path):
    script = run_script(_SUPERVISING, tmp_path)
    assert script.line() == "up"
    script.note_family()
    script.kill()
    assert not script.family_is_gone(seconds=0.5)  # the negative control: the grandchild lives on
    end_marked(tmp_path / "another folder")
    assert not script.family_is_gone(seconds=0.1)
    end_marked(tmp_path / "logs")
    assert script.family_is_gone(seconds=1)
