"""Vendors declared in YAML files, compiled into the same reply models, families and accounts as built-in ones."""
