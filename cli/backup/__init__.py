"""Backups of an instance that `slotwise up` runs, and its restore to any minute since the first of them.

store.py      the backup folder: copies of the database's files, and the log (WAL) that the server archives beside them
programs.py   PostgreSQL's own programs, which do the work, run out of the wheel
taking.py     a copy while the instance runs, verified
restoring.py  a copy and the log after it made into a data folder, which takes its place when it is whole
resuming.py   a restored database made fit to be worked with
commands.py   the commands

What PostgreSQL of one's own needs is in docs/operations.md; of all this only `slotwise backup restored` is for it.
"""
