"""The faults: processes killed and stopped, the queue emptied and muddled, the database cut off, locked and full."""

from tests.chaos.faults import database, processes, queue
from tests.chaos.faults.fault import FAULTS, Fault

__all__ = ["FAULTS", "Fault", "database", "processes", "queue"]
