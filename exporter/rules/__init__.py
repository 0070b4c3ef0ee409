"""Prometheus rules for the exporter's metrics: as data, and their text for thresholds of the operator's own."""
