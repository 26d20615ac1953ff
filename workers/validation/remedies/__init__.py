"""Other hours for booked appointments that stand where they may not: looked for by the planner, all of them together.

movers.py      which appointment of each finding is to move
placing.py     the hours that are left for them
proposing.py   the step that writes both into the findings
"""
