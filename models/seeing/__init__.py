"""Seeing how it runs: figures of what the database holds, and the alarms that want an operator's attention.

figures.py   what waits, what was decided, what was lost, what is told and validated
lately.py    the last hour: what was asked, decided and how long people waited, minute by minute
asking.py    what workers say of themselves
alarms.py    what of all that wants attention, why, and what to do
"""
