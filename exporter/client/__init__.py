"""HTTP to vendors.

Requests are signed, rate-limited, bounded, and retried where that helps; what HTTP says is translated into errors once.
"""
