# ruff: noqa: INP001 - a script, in no package
"""Fail if a run of the tests skipped one, or ran none: `no_skips.py REPORT`, pytest's JUnit XML."""

import sys
from xml.etree import ElementTree as ET

cases = list(ET.parse(sys.argv[1]).iter("testcase"))  # noqa: S314 - our own test run wrote it
skipped = [f"{case.get('classname')}.{case.get('name')}" for case in cases if case.find("skipped") is not None]
if skipped or not cases:
    sys.exit("\n".join(["not all tests ran; skipped:", *skipped]))
