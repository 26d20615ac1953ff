"""The page of messages: what patients and other systems are still to be told, and what could not be told.

pages.py    the list, filtered by its address, and trying a dead message again
telling.py  a delivery in words
"""
