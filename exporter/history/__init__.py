"""Past usage, as far as vendors provide it, as files that Prometheus and VictoriaMetrics can load."""
