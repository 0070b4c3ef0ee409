"""Vendors declared in YAML files. They are compiled into reply models, families and accounts, as if built in."""
