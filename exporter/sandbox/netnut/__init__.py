"""NetNut, simulated."""
