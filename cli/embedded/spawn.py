"""Starting a process so that it cannot outlive whoever supervises it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cli.embedded.account import Account

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None,
    cwd: Path | None,
    account: Account | None,
    death_signal: signal.Signals,
) -> "subprocess.Popen[str]":
    """Start a process in its own process group (Ctrl-C does not reach it) with its output in one pipe.

    On Linux it gets `death_signal` when the calling *thread* ends, so call this from a thread that waits for the
    process. Elsewhere what outlives its supervisor is stopped at the next start.
    """
    return subprocess.Popen(
        argv,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
        preexec_fn=_dying_with_parent(death_signal),  # noqa: PLW1509  # two system calls, nothing that takes a lock
        **(account.popen if account else {}),
    )


def _dying_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_for_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os.kill(os.getpid(), signal.SIGKILL)

    return ask_for_signal
