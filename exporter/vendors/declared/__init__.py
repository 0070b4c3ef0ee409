"""Vendors that YAML files declare. A file is compiled into reply models, families and an account class."""
