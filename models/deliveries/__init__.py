"""Delivering the outbox: to another system by a webhook, and to patients by e-mail, at least once.

tables.py     a delivery for each message and channel, and how far the outbox has been handed to each channel
handing.py    messages become deliveries, in order
working.py    deliveries are claimed, and marked by what became of them
letters.py    what a patient is told, read as the change made it
listing.py    what became of them all
"""
