"""Everything that a validation does, in order."""

from workers.validation.rules.outbox import OUTBOX
from workers.validation.rules.steps import HELD, KEPT_BY_ROWS
from workers.validation.step import Step

STEPS: tuple[Step, ...] = (
    HELD,
    KEPT_BY_ROWS,
    OUTBOX,
)
