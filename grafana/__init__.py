"""Grafana: the bundled dashboards, the Python that writes them, and what a provisioned Grafana reads."""
