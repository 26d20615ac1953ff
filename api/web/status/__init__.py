"""The page of status, for admins: what wants attention, and how it runs.

pages.py     the page, and its part that is asked for again and again
services.py  whether Redis and the workers answer
telling.py   figures in words
picture.py   the last hour, drawn
"""
