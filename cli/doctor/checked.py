"""What a check comes to."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`fail`: something is lost, refused or wrong. `warn`: it may come to that. `unknown`: nobody can tell."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at, how it is, and what to do where it is not well (or where to look where that is unknown)."""

    name: str
    state: State
    says: str
    remedy: str = ""


def ok(name: str, says: str) -> Checked:
    """It is well."""
    return Checked(name, State.OK, says)


def warn(name: str, says: str, remedy: str) -> Checked:
    """It may go wrong."""
    return Checked(name, State.WARN, says, remedy)


def fail(name: str, says: str, remedy: str) -> Checked:
    """It is wrong."""
    return Checked(name, State.FAIL, says, remedy)


def unknown(name: str, says: str, remedy: str) -> Checked:
    """Nobody can tell from here."""
    return Checked(name, State.UNKNOWN, says, remedy)


CLOCK_WARN, CLOCK_FAIL = 1.0, 10.0
"""Seconds by which two clocks may differ: leases are shorter than a minute, and instants are compared across them."""


def clock(name: str, whose: str, skew: float) -> Checked:
    """How another clock stands to ours: `skew` seconds ahead."""
    if abs(skew) < CLOCK_WARN:
        return ok(name, f"{whose} is this machine's to {abs(skew):.3f} s")
    says = f"{whose} is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
    remedy = "Let both machines keep time by NTP (chrony, systemd-timesyncd): leases and planned hours depend on it."
    return (fail if abs(skew) >= CLOCK_FAIL else warn)(name, says, remedy)
