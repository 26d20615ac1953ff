"""Keeping no more than is needed, and giving or erasing what is kept of one patient.

retention.py   what is forgotten once nobody needs it any more
exporting.py   everything that is kept about a patient
erasing.py     overwriting who a patient is, and deleting what else says it
rules.py       what the database keeps of the audit's words, and of whom
"""
