"""Polls accounts on a schedule of their own, and makes of each result what is committed to the store."""
