"""Planship: the metered usage, subscriptions and entitlements of customers."""
