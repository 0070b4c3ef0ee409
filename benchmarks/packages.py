"""A peer: imports the packages that the exporter needs to serve its first page, and exits.

`python -m benchmarks.as_installed benchmarks.packages`.
"""

# ruff: noqa: F401 - importing is all that this program does

import asyncio

import anyio
import click
import h11
import httpcore
import httpx
import prometheus_client
import pydantic
import structlog
import yaml
