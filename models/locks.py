"""The advisory locks of the database on which work of one kind takes turns. What the numbers are means nothing."""

from enum import IntEnum, unique


@unique
class AdvisoryLock(IntEnum):
    """Held by whoever migrates, seals the audit, archives it, or claims what is queued."""

    MIGRATING = 7_305_401
    SEALING = 7_305_402
    ARCHIVING = 7_305_403
    CLAIMING = 7_305_404
