"""The composition root: wires all packages together, runs them, and reloads the configuration."""
