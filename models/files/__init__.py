"""Files of rows, for whoever takes them: the terminal, the API, a page. Every fault is told with its place.

kinds.py      the kinds of rows
columns.py    the CSV columns of each kind
bundle.py     rows that belong together, checked
places.py     where a row came from, and what is wrong there
tabular.py    CSV into raw rows
hourlines.py  the lines of an hours file into the hours of hospitals
checking.py   raw rows into a bundle, or into all their faults
"""
