"""The exporter's HTTP server and pages, with limits on the resources that a client may use."""
