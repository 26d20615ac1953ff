"""What is on this machine: Python and its packages, the settings, the secrets, and the room on the disk."""

import re
import stat
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
from packaging.requirements import Requirement
from pydantic import ValidationError

from cli.doctor.checked import Checked, fail, ok, unknown, warn
from models.settings import Settings

_OLDEST_PYTHON = (3, 11)
_PINNED = re.compile(r"^[\w.\[\]-]+==[^\\\n]*", re.MULTILINE)
_NAMED = 3
_GIGABYTE = 10**9


def check_python() -> Checked:
    """Whether this Python is new enough."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        return fail("Python", found, "Install Python 3.11 or newer and set this up again.")
    return ok("Python", found)


def check_packages(lock: Path) -> Checked:
    """Whether the packages are those of the lock file that this Python and platform take."""
    if not lock.is_file():
        return unknown("packages", f"there is no {lock.name} here", "Compare `pip freeze` with the release's.")
    wrong = list(_other_packages(lock.read_text(encoding="utf-8")))
    if wrong:
        told = ", ".join(wrong[:_NAMED]) + (f" and {len(wrong) - _NAMED} more" if wrong[_NAMED:] else "")
        return fail(
            "packages",
            f"not those of {lock.name}: {told}",
            f"Run `pip install --require-hashes --requirement {lock.name}`, and start everything again.",
        )
    return ok("packages", f"those of {lock.name}")


def _other_packages(lock: str) -> Iterator[str]:
    for pinned in map(Requirement, _PINNED.findall(lock)):
        if pinned.marker and not pinned.marker.evaluate():
            continue
        try:
            installed = version(pinned.name)
        except PackageNotFoundError:
            yield f"{pinned.name} is missing"
        else:
            if installed not in pinned.specifier:
                yield f"{pinned.name} is {installed} and not {str(pinned.specifier).removeprefix('==')}"


def check_settings(chosen: Settings | ValidationError) -> Iterator[Checked]:
    """Whether every setting can be taken, and whether some contradict each other."""
    if isinstance(chosen, ValidationError):
        for fault in chosen.errors():
            name = str(fault["loc"][0]).upper() if fault["loc"] else "settings"
            yield fail("settings", f"{name}: {fault['msg']}", "Set it as docs/operations.md says under Settings.")
        return
    against = list(_contradictions(chosen))
    yield from against
    if not against:
        yield ok("settings", "all can be taken, and none contradicts another")


def _contradictions(chosen: Settings) -> Iterator[Checked]:
    if chosen.sweep_every > chosen.lease:
        yield warn(
            "settings",
            f"SWEEP_EVERY ({chosen.sweep_every:g} s) is longer than LEASE ({chosen.lease:g} s)",
            "Lower SWEEP_EVERY: what a killed worker held waits for the next sweep.",
        )
    usual = chosen.sweep_every + chosen.plan_time_limit
    if chosen.queue_age_alarm < usual:
        yield warn(
            "settings",
            f"QUEUE_AGE_ALARM ({chosen.queue_age_alarm:g} s) is less than a request may take while all is well "
            f"(SWEEP_EVERY and PLAN_TIME_LIMIT: {usual:g} s)",
            "Raise QUEUE_AGE_ALARM, or it will be no news.",
        )
    if chosen.max_queued < chosen.plan_batch_size:
        yield warn(
            "settings",
            f"MAX_QUEUED ({chosen.max_queued}) is less than one run takes (PLAN_BATCH_SIZE: {chosen.plan_batch_size})",
            "Raise MAX_QUEUED: callers are refused though a single run could plan all that waits.",
        )
    if chosen.delivery_first_wait > chosen.delivery_longest_wait:
        yield warn(
            "settings",
            "DELIVERY_FIRST_WAIT is longer than DELIVERY_LONGEST_WAIT",
            "Swap them: each attempt waits twice as long as the one before, up to the longest.",
        )


def check_secrets(files: list[Path], *, readable: bool) -> Checked:
    """Whether nobody else can write what is secret, or read it (`readable`: that the folder keeps them from)."""
    too_open = stat.S_IWGRP | stat.S_IWOTH | (0 if readable else stat.S_IRGRP | stat.S_IROTH)
    modes = {file: file.stat().st_mode for file in files if file.is_file()}
    if not modes:
        return ok("secrets", "none are in files here")
    open_ones = [f"{file} ({stat.S_IMODE(mode):04o})" for file, mode in modes.items() if mode & too_open]
    if open_ones:
        allowed = "444" if readable else "600"
        return fail("secrets", f"others can get at {', '.join(open_ones)}", f"chmod {allowed} them, and change them.")
    return ok("secrets", f"{len(modes)} files that only their owner changes")


def check_room(folder: Path) -> Checked:
    """How much room the disk of an instance's data has left."""
    usage = psutil.disk_usage(str(folder))
    says = f"{usage.free / _GIGABYTE:.1f} GB are free below {folder} ({100 - usage.percent:.0f} %)"
    remedy = "Make room or move the folder: PostgreSQL stops when the disk is full (what was acknowledged stays)."
    if usage.free < _GIGABYTE / 2:
        return fail("disk", says, remedy)
    return warn("disk", says, remedy) if usage.percent > 90 else ok("disk", says)
