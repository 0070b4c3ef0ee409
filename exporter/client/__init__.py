"""HTTP to vendors.

Requests are signed, rate-limited, limited in time and size, and retried where that helps. HTTP failures are translated
into errors in one place.
"""
