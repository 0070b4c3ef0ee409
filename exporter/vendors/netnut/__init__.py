"""NetNut: plans of proxy traffic, and sub-users' shares of them."""
