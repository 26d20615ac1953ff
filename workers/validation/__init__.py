"""Validating schedules: what is checked, step by step, and the job that carries it out."""
