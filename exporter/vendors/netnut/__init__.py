"""NetNut: the proxy traffic plans of an account and of its sub-users."""
