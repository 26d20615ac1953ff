"""A realistic hospital network, generated from a seed: for the demo, for trying the planner, and for tests.

names.py     what people are called
network.py   hospitals, doctors, patients and working hours
calendar.py  the hours and the appointments that stand
wishes.py    the booking requests
exports.py   the same as an import's bundle, and as a problem for the planner
files.py     the same as files for `slotwise import` and `slotwise plan`
"""

from cli.sample.calendar import Calendar
from cli.sample.exports import as_bundle, as_problem
from cli.sample.wishes import wishes

__all__ = ["Calendar", "as_bundle", "as_problem", "wishes"]
