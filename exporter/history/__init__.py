"""The past, as far as vendors tell it: files that Prometheus and VictoriaMetrics can load."""
