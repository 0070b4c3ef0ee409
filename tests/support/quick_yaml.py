"""YAML that tests of rules read: the same as with the loader of Python's own, in a tenth of the time."""

from typing import Any

import yaml


def read(text: str) -> Any:
    """What a document says."""
    return yaml.load(text, Loader=yaml.CSafeLoader)
