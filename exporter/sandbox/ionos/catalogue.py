"""What IONOS sells in the sandbox: meters, data centres, prices. Names and prices are invented."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.sandbox.accounts import stable_id


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter. The number `a_day` is a typical day's usage, in the meter's unit."""

    id: str
    description: str
    unit: str
    a_day: float
    is_text: bool = True


@dataclass(frozen=True, slots=True)
class DataCentre:
    """A virtual data centre. An object without an id stands for the resources that belong to no data centre."""

    id: str | None
    name: str
    location: str | None
    meters: tuple[Meter, ...]


_CORES = Meter("C01000", "1h core AMD", "1hour", 8 * 24)
_NEW_CORES = Meter("C06000", "1h core of the dedicated kind", "1hour", 4 * 24)
_RAM = Meter("R01000", "1h per GB RAM", "1G*1hour", 32 * 24, is_text=False)
_DISK = Meter("S02000", "30d per GB SSD storage", "1G*30Days", 500 / 30)
_SNAPSHOTS = Meter("S03000", "30d per GB snapshot", "1G*30Days", 120 / 30)
_BALANCER = Meter("NLB1000", "1h of the first forwarding rules", "1hour", 0)
_ADDRESSES = Meter("A01000", "30d static IP address", "30Days", 6 / 30)
_TRAFFIC = Meter("CTO1100", "1 GB traffic out", "1G", 40)
_TRAFFIC_IN = Meter("CTI1000", "1 GB traffic in", "1G", 90, is_text=False)
_LOGS = Meter("LOGS1000", "30d per GB of logs", "1G*30Days", 25 / 30)
_ZONES = Meter("DNSP1000", "30d DNS primary zone", "30Days", 1 / 30)

_OUTSIDE = DataCentre(None, "", None, (_ADDRESSES, _TRAFFIC, _TRAFFIC_IN, _LOGS, _ZONES))


def _data_centre(contract: str, name: str, location: str, *meters: Meter) -> DataCentre:
    return DataCentre(stable_id("ionos", contract, name), name, location, meters)


DATA_CENTRES: Mapping[int, tuple[DataCentre, ...]] = {
    31909628: (
        # One meter is listed twice, as in real replies: the two are to be added up.
        _data_centre("31909628", "Production", "de/fra", _CORES, _CORES, _RAM, _DISK, _SNAPSHOTS, _BALANCER),
        _data_centre("31909628", "Staging", "de/txl", _CORES, _RAM, _DISK),
        _OUTSIDE,
    ),
    32100457: (
        _data_centre("32100457", "Batch", "us/las", _NEW_CORES, _RAM, _DISK, _TRAFFIC),
        _OUTSIDE,
    ),
    33200881: (
        _data_centre("33200881", "Shop", "gb/lhr", _CORES, _CORES, _RAM, _DISK, _BALANCER, _TRAFFIC),
        _data_centre("33200881", "Shop standby", "es/vit", _CORES, _RAM, _SNAPSHOTS),
        _OUTSIDE,
    ),
}
"""Each contract's data centres, by the contract's number."""

BEGAN: Mapping[int, str] = {31909628: "2025-03-12", 32100457: "2026-09-17", 33200881: "2025-06-01"}
"""Each contract's first day."""

REFERENCES: Mapping[int, str] = {31909628: "Shop"}
"""The references that owners gave to contracts, by the contract's number."""

GAPPED = 33200881
"""The contract for which the vendor has lost the data of some days."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a contract. The provisioned amount is between `used` and `used + moves`."""

    used_field: str
    limit_field: str | None
    used: int
    moves: int
    limit: int | None = None


def _resources(scale: int, balancers: int | None, gateways: int) -> tuple[Resource, ...]:
    return (
        Resource("coresProvisioned", "coresPerContract", 12 * scale, 4 * scale, 32 * scale),
        Resource("ramProvisioned", "ramPerContract", 49_152 * scale, 8_192 * scale, 98_304 * scale),
        Resource("hddVolumeProvisioned", "hddLimitPerContract", 0, 0, 3_072_000 * scale),
        Resource("ssdVolumeProvisioned", "ssdLimitPerContract", 512_000 * scale, 0, 768_000 * scale),
        Resource("dasVolumeProvisioned", None, 61_440, 0),
        Resource("reservedIpsOnContract", "reservableIps", 6, 0, 10 * scale),
        Resource("k8sClustersProvisioned", "k8sClusterLimitTotal", 1, 0, 5),
        Resource("nlbProvisioned", "nlbLimitTotal", 1, 0, balancers),
        Resource("natGatewayProvisioned", "natGatewayLimitTotal", 0, 0, gateways),
    )


RESOURCES: Mapping[int, tuple[Resource, ...]] = {
    31909628: _resources(2, 5, 5),
    32100457: _resources(1, None, 5),
    33200881: _resources(3, 5, 0),
}
"""The resources of each contract, by the contract's number."""


def products() -> Iterator[dict[str, Any]]:
    """Yield the price list's rows. One row has no price, one row is outdated, one row is a commitment.

    One meter has no row.
    """
    yield _product(_CORES, "0.0180", deprecated=True)
    yield _product(_CORES, "0.0150")
    yield _product(_CORES, "0.0110", kind="commitment-based", term=12)
    yield _product(_NEW_CORES, "0.0320")
    yield _product(_RAM, "0.0047")
    yield _product(_DISK, "0.1200")
    yield _product(_SNAPSHOTS, None)
    yield _product(_BALANCER, "0.0462")
    yield _product(_ADDRESSES, "5.0000")
    yield _product(_TRAFFIC, "0.0600")
    yield _product(_TRAFFIC_IN, "0.0000")
    yield _product(_LOGS, "0.4500")


def _product(
    meter: Meter,
    euros: str | None,
    *,
    kind: str = "consumption-based",
    term: int | None = None,
    deprecated: bool = False,
) -> dict[str, Any]:
    return {
        "meterId": meter.id,
        "meterDesc": meter.description,
        "unit": meter.unit,
        "unitCost": None if euros is None else {"quantity": euros, "unit": "EUR"},
        "deprecated": deprecated,
        "type": kind,
        "term": term,
    }
