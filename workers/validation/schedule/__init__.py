"""The rules of the schedule over every row that has not ended: read as columns, judged by `planner.verify.schedule`."""

from workers.validation.schedule.doctors import DOCTORS
from workers.validation.schedule.openings import OPENINGS
from workers.validation.schedule.patients import PATIENTS
from workers.validation.schedule.stored import STORED

SCHEDULE = (STORED, OPENINGS, DOCTORS, PATIENTS)
"""In the order in which a validation carries them out."""
