"""What the exporter says of itself and of its accounts."""
