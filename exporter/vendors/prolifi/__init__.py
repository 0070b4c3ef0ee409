"""Prolifi: the usage and the entitlements of customers."""
