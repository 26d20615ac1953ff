"""Bulk rescheduling: hours are lost, and their appointments get others with the least upheaval."""
