"""Doctors and patients whom the directory no longer has, with hours to come."""
