"""The four vendors, simulated: real sign-in, paging and rate limits over a seeded world of usage, faults on demand.

Nothing here is measured and nobody here exists. The app is plain ASGI: serve it with any server, or
call it in process. Base URLs below the address it is served at:

    /netnut/v1   /ionos/billing   /prolifi/api/v1/public   /planship
"""

from exporter.sandbox.accounts import ACCOUNTS, Credentials
from exporter.sandbox.app import make_app
from exporter.sandbox.faults import Faults, read_fault
from exporter.sandbox.faults_kinds import usage as faults_usage
from exporter.sandbox.world import World

__all__ = ["ACCOUNTS", "Credentials", "Faults", "World", "faults_usage", "make_app", "read_fault"]
