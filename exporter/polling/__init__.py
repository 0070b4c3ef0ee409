"""Polls each account on its own schedule, and commits each processed result to the store."""
