"""`slotwise doctor`: is everything here as it has to be, and if not, what is to be done?

command.py    the command: which checks there are, and how they are told
checked.py    what a check comes to
here.py       this machine: Python and its packages, settings, secrets, room on the disk
database.py   PostgreSQL: what it is, how it is set, who we are to it
archive.py    whether its log is archived, so that a backup can be brought up to any instant
zones.py      whether its time zones are those of Python
queue.py      Redis or Valkey
workers.py    the workers and beat, asked by the queue
web.py        the API: whom it answers, and its certificate
"""
