"""A peer: imports the packages that the exporter needs to serve its first page, and exits.

`python -m benchmarks.as_installed benchmarks.packages`.
"""

import asyncio  # noqa: F401 - importing it is all that this program does; so for all below

import anyio  # noqa: F401
import click  # noqa: F401
import h11  # noqa: F401
import httpcore  # noqa: F401
import httpx  # noqa: F401
import prometheus_client  # noqa: F401
import pydantic  # noqa: F401
import structlog  # noqa: F401
import yaml  # noqa: F401
