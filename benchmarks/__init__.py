"""Benchmarks: the cost of an operation next to the usual way of doing it, in the same run. Only ratios are portable."""
