"""How long a test waits for what is sure to come.

A busy machine is no failure, so no test expects anything soon. Each wait has one generous bound, which only ends a test
that would hang. On a very slow machine, USAGE_EXPORTER_TEST_PATIENCE multiplies the bound.
"""

import os
from typing import Final

SCALE: Final = float(os.environ.get("USAGE_EXPORTER_TEST_PATIENCE", "1"))

DEADLINE_SECONDS: Final = 120.0 * SCALE
"""The longest wait for one thing, such as a program that starts or an answer."""

TEST_SECONDS: Final = 3 * DEADLINE_SECONDS
"""The longest that a test may take, unless its timeout mark says otherwise; that is multiplied too."""
