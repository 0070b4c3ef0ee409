"""Writes past usage, as far as vendors provide it, to files that Prometheus and VictoriaMetrics can load."""
