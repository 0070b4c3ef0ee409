"""IONOS Cloud: the metered usage and the cost of contracts."""
