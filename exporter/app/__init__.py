"""The composition root: puts all rooms together, runs them, and applies a configuration again."""
