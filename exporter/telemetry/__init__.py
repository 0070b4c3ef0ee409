"""The exporter's metrics about itself and its accounts."""
