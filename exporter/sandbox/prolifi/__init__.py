"""Prolifi, simulated."""
