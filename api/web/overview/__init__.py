"""The overview: how full the days are, what waits, how soon patients are seen, why others were refused, what planned.

pages.py     the page, and what of it has changed since
sections.py  each section: one sentence, its numbers, and where they can be had as a file
heat.py      the table of doctors and days whose cells are coloured by how full they are
bars.py      tables of numbers with a bar in each row
runs.py      the last planning runs
"""
