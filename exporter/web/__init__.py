"""The exporter's own HTTP: its pages, and the server that bounds what a client may take of it."""
