"""What may keep Redis from taking messages. It answers PING all the same where it only refuses what writes."""

from enum import StrEnum


class Trouble(StrEnum):
    """Why Redis takes no messages."""

    AWAY = "away"
    LOCKED = "locked"
    FULL = "full"
    READ_ONLY = "read_only"
    CANNOT_SAVE = "cannot_save"
    REFUSING = "refusing"

    @property
    def says(self) -> str:
        """What is wrong, as the beginning of a sentence."""
        return _SAYS[self]

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self]


_SAYS = {
    Trouble.AWAY: "Redis does not answer",
    Trouble.LOCKED: "Redis does not take the password in REDIS_URL",
    Trouble.FULL: "Redis is full and refuses messages",
    Trouble.READ_ONLY: "Redis is a read-only replica and refuses messages",
    Trouble.CANNOT_SAVE: "Redis cannot write its file and refuses messages",
    Trouble.REFUSING: "Redis answers and refuses messages",
}

_REMEDIES = {
    Trouble.AWAY: "Start Redis or mend the way to it; an empty one will do.",
    Trouble.LOCKED: "Mend the password in REDIS_URL, or the one that Redis wants.",
    Trouble.FULL: "Raise its maxmemory, or find out what else is kept there (MEMORY DOCTOR); an empty one will do.",
    Trouble.READ_ONLY: "Let REDIS_URL name the primary, or make this one it (REPLICAOF NO ONE).",
    Trouble.CANNOT_SAVE: "Make room on its disk, and read in its log why it cannot write; an empty one will do.",
    Trouble.REFUSING: "Read in its log why. The user of REDIS_URL needs every command on every key.",
}
