"""`slotwise validate`: what is wrong with the schedule, over HTTP, and what would mend it.

commands.py    the commands that look
mending.py     the commands that do something about a finding
verdict.py     how they end: by what was found
connecting.py  the API, and its refusals as people are told of them
checked.py     a validation as the API tells of it: asked for, followed, read
telling.py     what it found, in sentences and tables
"""
