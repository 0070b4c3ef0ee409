"""The one list of simulated vendors: all built-in vendors, in the exporter's order."""

from collections.abc import Mapping
from types import MappingProxyType

from exporter.sandbox.ionos.api import SIMULATION as IONOS
from exporter.sandbox.netnut.api import SIMULATION as NETNUT
from exporter.sandbox.planship.api import SIMULATION as PLANSHIP
from exporter.sandbox.prolifi.api import SIMULATION as PROLIFI
from exporter.sandbox.simulation import Simulation

SIMULATIONS: Mapping[str, Simulation] = MappingProxyType(
    {"netnut": NETNUT, "ionos": IONOS, "prolifi": PROLIFI, "planship": PLANSHIP}
)
