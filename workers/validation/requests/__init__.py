"""Booking requests, reschedules and messages that nobody works on any more, or that say other than what is so."""
