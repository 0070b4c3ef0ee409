"""IONOS Cloud, simulated."""
