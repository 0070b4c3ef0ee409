"""Simulated vendors: real sign-in, paging and rate limits, usage computed from a seed, and faults on demand.

No figure is measured, and no customer is real. The app is plain ASGI: any server can serve it, and tests can call it in
process. GET / lists the vendors' base URLs.
"""

from exporter.sandbox.accounts import ACCOUNTS
from exporter.sandbox.app import make_app
from exporter.sandbox.faults import Faults, read_fault
from exporter.sandbox.faults_kinds import usage as faults_usage
from exporter.sandbox.vendors import SIMULATIONS
from exporter.sandbox.world import World

__all__ = ["ACCOUNTS", "SIMULATIONS", "Faults", "World", "faults_usage", "make_app", "read_fault"]
