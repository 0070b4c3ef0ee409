"""Prometheus' text format: sample lines. Only changed lines are rendered and deflated."""
