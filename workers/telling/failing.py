"""What an attempt to tell something comes to where it fails."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failed:
    """Why it failed, in a sentence that names no patient and no address.

    `forever`: it would fail again. `away`: whoever takes the messages takes none just now, this one or another.
    `wait`: seconds for which they ask to be left alone.
    """

    reason: str
    forever: bool = False
    away: bool = False
    wait: float = 0.0
