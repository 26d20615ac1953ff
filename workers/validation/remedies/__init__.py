"""Other hours for booked appointments that stand where they may not: looked for by the planner, all of them together.

findings.py    what of a report a remedy is looked for
movers.py      which appointment of each finding is to move
placing.py     the hours that are left for them
proposing.py   the step that writes both into the findings
cutting.py     the step for availabilities that have to be cut where appointments stand
"""
