"""`slotwise reschedule`: hours are lost, and their appointments get others, over HTTP.

commands.py  the commands, and the options of each
asking.py    what the options of `plan` ask for, as the API takes it
clocks.py    the instants that are meant by times as people type them
job.py       one reschedule as the API tells of it: followed, read, changed
telling.py   what it proposes, in sentences and tables
"""
