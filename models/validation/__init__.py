"""Nightly validation as it is stored: reports, findings, and what the night found out about the days ahead."""
