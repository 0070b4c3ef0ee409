"""The limits of a contract's resources, and the amounts provisioned.

Source:   Cloud API v6, at the host of the Billing API: GET /cloudapi/v6/contracts, with the contract's number in the
          header X-Contract-Number
Units:    memory and storage are in MB as IONOS defines it; the figure of every other resource is a number of items
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from exporter.metrics import Item
from exporter.vendors.ionos import families
from exporter.vendors.ionos.replies import ContractResources, Contracts, ResourceLimits
from exporter.vendors.ionos.settings import contract_label
from exporter.vendors.paths import segment
from exporter.vendors.poll import Poll
from exporter.vendors.quotas import NativeQuota

RESOURCE: Final = NativeQuota(
    name="{resource}",
    subject="{contract}",
    unit="{unit}",
    used=families.IONOS_RESOURCE_USED,
    limit=families.IONOS_RESOURCE_LIMIT,
    is_level=True,
)
_DETAIL: Final = {"depth": "1"}
"""The query parameter that requests each contract's content instead of only the contract's URL."""


class _Resource(NamedTuple):
    """A resource, with the names of two fields of the reply: the amount in use (`used`), and the limit (`limit`).

    `limit` is None if the reply has no field for the resource's limit.
    """

    name: str
    unit: str
    used: str
    limit: str | None


_RESOURCES: Final = (
    _Resource("cores", "cores", "cores_provisioned", "cores_per_contract"),
    _Resource("ram", "MB", "ram_provisioned", "ram_per_contract"),
    _Resource("hdd", "MB", "hdd_volume_provisioned", "hdd_limit_per_contract"),
    _Resource("ssd", "MB", "ssd_volume_provisioned", "ssd_limit_per_contract"),
    _Resource("das", "MB", "das_volume_provisioned", None),
    _Resource("ips", "addresses", "reserved_ips_on_contract", "reservable_ips"),
    _Resource("k8s_clusters", "clusters", "k8s_clusters_provisioned", "k8s_cluster_limit_total"),
    _Resource("nlbs", "load balancers", "nlb_provisioned", "nlb_limit_total"),
    _Resource("nat_gateways", "gateways", "nat_gateway_provisioned", "nat_gateway_limit_total"),
)


async def read_limits(poll: Poll, url: str, contract: str) -> ResourceLimits | None:
    """Request a contract's limits from the Cloud API at `url`. Returns None if the answer omits the contract."""
    label = contract_label(contract)
    reply = await poll.get(Contracts, f"{url}/contracts", _DETAIL, {"X-Contract-Number": segment(label)})
    found = [one.properties for one in reply.items if one.properties and _is_of(one.properties, label, reply)]
    if reply.items and not found:
        poll.diagnostics.drift["items.properties.contract_number", "value"] += 1
    poll.skip("duplicate", len(found[1:]))
    return found[0].resource_limits if found else None


def _is_of(properties: ContractResources, label: str, reply: Contracts) -> bool:
    """Whether an item is the requested contract.

    If the reply has only one item and it has no contract number, it counts as that contract.
    """
    number = properties.contract_number
    return contract_label(number) == label if number else len(reply.items) == 1


def limit_items(contract: str, limits: ResourceLimits | None) -> Iterator[Item]:
    """Yield the amount and the limit of each resource, as far as known."""
    if limits is None:
        yield families.IONOS_RESOURCE_USED.unreadable(contract=contract)
        return
    for one in _RESOURCES:
        labels = {"contract": contract, "resource": one.name, "unit": one.unit}
        used, limit = getattr(limits, one.used), getattr(limits, one.limit) if one.limit else None
        if used is not None or limit is not None:
            yield from families.IONOS_RESOURCE_USED.expected(used, **labels)
            yield from families.IONOS_RESOURCE_LIMIT.known(limit, **labels)
