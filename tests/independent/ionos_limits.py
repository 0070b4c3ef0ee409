"""What contracts may have: what IONOS's Cloud API answers in a random world, and what the page must show of it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from expectation import Page, Quota
from fields import identifier, number, rows
from world import Answer, Dice, World, row

USED: Final = "ionos_resource_used"
LIMIT: Final = "ionos_resource_limit"
QUIRKS: Final = {
    "limits_refused": "the Cloud API refuses the user",
    "limits_without_contract": "the Cloud API does not list a contract",
    "limits_unlabelled": "the Cloud API does not say of which contract the one item is",
    "resource_missing": "a resource that the Cloud API does not know",
}
_PATH: Final = "/cloudapi/v6/contracts"
_RESOURCES: Final = {
    "cores": ("cores", "coresProvisioned", "coresPerContract"),
    "ram": ("MB", "ramProvisioned", "ramPerContract"),
    "hdd": ("MB", "hddVolumeProvisioned", "hddLimitPerContract"),
    "ssd": ("MB", "ssdVolumeProvisioned", "ssdLimitPerContract"),
    "das": ("MB", "dasVolumeProvisioned", None),
    "ips": ("addresses", "reservedIpsOnContract", "reservableIps"),
    "k8s_clusters": ("clusters", "k8sClustersProvisioned", "k8sClusterLimitTotal"),
    "nlbs": ("load balancers", "nlbProvisioned", "nlbLimitTotal"),
    "nat_gateways": ("gateways", "natGatewayProvisioned", "natGatewayLimitTotal"),
}
RESOURCES: Final = frozenset(_RESOURCES)


def limits_replies(dice: Dice, contracts: list[str]) -> dict[str, Answer]:
    """What the Cloud API answers: every contract of the user's, whichever the header names."""
    if dice.quirk("limits_refused", 0.15):
        return {f"GET {_PATH}": Answer({}, dice.pick((401, 403, 404)))}
    items = [_item(dice, contract) for contract in contracts]
    if len(items) == 1 and dice.quirk("limits_unlabelled", 0.2):
        del items[0]["properties"]["contractNumber"]
    elif dice.quirk("limits_without_contract", 0.1):
        del items[0]
    dice.random.shuffle(items)
    return {f"GET {_PATH}": Answer({"id": "contracts", "type": "collection", "items": items})}


def _item(dice: Dice, contract: str) -> dict[str, Any]:
    limits: dict[str, Any] = {"coresPerServer": 62}
    for _, used, limit in _RESOURCES.values():
        if dice.quirk("resource_missing", 0.08):
            continue
        limits |= row(**{used: dice.figure(dice.integer())})
        if limit:
            limits |= row(**{limit: None if dice.chance(0.1) else dice.figure(dice.integer())})
    form = dice.pick((contract, int(contract)))
    return {"type": "contract", "properties": {"contractNumber": form, "owner": "o@e.com", "resourceLimits": limits}}


def show_limits(world: World, page: Page, contract: str) -> None:
    """Show what a contract has and may have, as figures and as quotas."""
    answer = world.get(_PATH)
    limits = _limits_of(rows(answer.body.get("items")) or [], contract) if answer.status == 200 else {}
    page.show_quotas("ionos", _quotas(page, contract, limits))


def _quotas(page: Page, contract: str, limits: dict[str, Any]) -> Iterator[Quota]:
    for resource, (unit, used_field, limit_field) in _RESOURCES.items():
        labels = {"contract": contract, "resource": resource, "unit": unit}
        used, limit = number(limits.get(used_field)), number(limits.get(limit_field or ""))
        page.show_if_known(USED, labels, used)
        page.show_if_known(LIMIT, labels, limit)
        if used is not None:
            yield Quota(resource, contract, unit, used, (limit,))


def _limits_of(items: list[Any], contract: str) -> dict[str, Any]:
    for item in items:
        own = item["properties"]
        name = identifier(own.get("contractNumber"))
        if len(items) == 1 if name is None else Decimal(name) == Decimal(contract):
            limits: dict[str, Any] = own["resourceLimits"]
            return limits
    return {}
