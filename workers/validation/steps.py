"""Everything that a validation does, in order."""

from workers.validation.clocks import CLOCKS
from workers.validation.fragility import FRAGILITY
from workers.validation.people.doctors import DEPARTED_DOCTORS
from workers.validation.people.patients import DEPARTED_PATIENTS
from workers.validation.remedies.cutting import CUT_BY_RESCHEDULE
from workers.validation.remedies.proposing import OTHER_HOURS
from workers.validation.requests.jobs import STUCK_RESCHEDULES
from workers.validation.requests.messages import UNDELIVERED
from workers.validation.requests.wishes import CONTRADICTED_REQUESTS, EXPIRED_REQUESTS, STUCK_REQUESTS
from workers.validation.rules.outbox import OUTBOX
from workers.validation.rules.steps import HELD, KEPT_BY_ROWS
from workers.validation.schedule import SCHEDULE
from workers.validation.step import Step
from workers.validation.worth.hours import HOUR_VALUES
from workers.validation.worth.promotion import PROMOTION

STEPS: tuple[Step, ...] = (
    HELD,
    KEPT_BY_ROWS,
    OUTBOX,
    *SCHEDULE,
    *CLOCKS,
    DEPARTED_DOCTORS,
    DEPARTED_PATIENTS,
    STUCK_REQUESTS,
    EXPIRED_REQUESTS,
    CONTRADICTED_REQUESTS,
    STUCK_RESCHEDULES,
    UNDELIVERED,
    # Mends what all others have found.
    OTHER_HOURS,
    CUT_BY_RESCHEDULE,
    # Only what the appointments do not need is offered to those who wait.
    PROMOTION,
    HOUR_VALUES,
    FRAGILITY,
)
