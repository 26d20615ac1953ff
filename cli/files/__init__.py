"""Files of rows for `slotwise import` and `slotwise book` (what they may hold: `models.files`).

reading.py    files into a bundle, or into all their faults
storing.py    a bundle into the database
writing.py    a bundle into files
"""
