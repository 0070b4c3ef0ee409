"""Planship: metered use, buckets, subscriptions and entitlements of customers."""
