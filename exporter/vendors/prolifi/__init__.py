"""Prolifi: use and entitlements of customers."""
