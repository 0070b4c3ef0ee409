"""Planship, simulated."""
