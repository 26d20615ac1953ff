"""Clocks and hours: what a newer time-zone database, or hours that were changed past the program, have shifted."""

from workers.validation.clocks.known import KNOWN
from workers.validation.clocks.openings import OPENINGS
from workers.validation.clocks.told import TOLD
from workers.validation.step import Step

CLOCKS: tuple[Step, ...] = (KNOWN, TOLD, OPENINGS)
