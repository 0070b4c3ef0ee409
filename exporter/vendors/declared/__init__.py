"""Vendors that a YAML file declares: compiled into the same reply models, families and accounts as those built in."""
