"""Prometheus' text format: sample lines, rendered and deflated only where they changed."""
