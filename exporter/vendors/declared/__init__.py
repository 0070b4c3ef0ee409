"""Vendors declared in YAML files, compiled into reply models, families and accounts like those of built-in vendors."""
