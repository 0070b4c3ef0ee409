"""The composition root: wires all packages together, runs the exporter, and reloads the configuration."""
