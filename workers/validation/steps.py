"""Everything that a validation does, in order."""

from workers.validation.step import Step

STEPS: tuple[Step, ...] = ()
