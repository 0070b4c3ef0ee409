"""HTTP to vendors.

Requests are signed, rate-limited, limited in time and size, and retried where a retry helps. An HTTP failure
is raised as a `PollError`.
"""
