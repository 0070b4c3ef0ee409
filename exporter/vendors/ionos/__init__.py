"""IONOS Cloud: metered use and cost of contracts."""
