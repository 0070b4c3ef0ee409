"""Polls each account on its own schedule, and turns each result into what is committed to the store."""
