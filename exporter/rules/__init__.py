"""Prometheus rules for the exporter's metrics, as data, and their rendering with an operator's thresholds."""
