"""Files of rows for `slotwise import` and `slotwise book`: what they may hold, read whole, every fault with its place.

kinds.py      the kinds of rows
columns.py    the CSV columns of each kind
bundle.py     rows that belong together, checked
places.py     where a row came from
tabular.py    CSV into raw rows
hourlines.py  the lines of an hours file into the hours of hospitals
reading.py    files into a bundle, or into all their faults
writing.py    a bundle into files
"""
