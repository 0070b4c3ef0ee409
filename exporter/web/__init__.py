"""The exporter's HTTP server and pages, with limits on what a client may use."""
