"""HTTP to vendors.

Requests are signed, rate-limited, bounded, and retried where that helps; HTTP failures become errors in one place.
"""
