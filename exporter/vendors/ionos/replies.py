"""Models of IONOS Cloud's replies, with only the fields that are read.

A missing optional field is None.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from exporter.vendors.reply import (
    MISSING,
    CamelReply,
    LenientId,
    LenientList,
    LenientObject,
    MaybeFlag,
    MaybeId,
    MaybeLenientObject,
    MaybeNumber,
    MaybeText,
    Number,
    RequiredId,
    Text,
    Time,
)
from exporter.vendors.values import read_id

OUTSIDE: Final = "null"
"""In paths, the vendor's id for the resources that are in no data centre."""


class Quantity(CamelReply, title="datacenters.meters.quantity"):
    """An amount and its unit."""

    quantity: Number = MISSING
    unit: Text = MISSING


class Meter(CamelReply, title="datacenters.meters"):
    """A row about a meter. A meter may have several rows in a data centre."""

    meter_id: RequiredId
    meter_desc: Text = MISSING
    quantity: LenientObject[Quantity] = MISSING

    @property
    def unit(self) -> str | None:
        """The unit of the quantity, if known."""
        return (self.quantity.unit or None) if self.quantity else None


class DataCenter(CamelReply, title="datacenters"):
    """A row about a virtual data centre. A row without an id is about the resources that are in no data centre."""

    id: Annotated[str | None, BeforeValidator(lambda value: None if value in (None, "") else read_id(value))] = None
    name: MaybeText = None
    location: MaybeText = None
    meters: LenientObject[LenientList[Meter]] = MISSING


class Metadata(CamelReply, title="metadata"):
    """The contract that a reply is about."""

    contract_id: MaybeId = None
    reference: MaybeText = None


class Usage(CamelReply):
    """The reply with one contract's usage in a month or on a day."""

    start_date: Time = MISSING
    end_date: Time = MISSING
    datacenters: LenientList[DataCenter]
    metadata: MaybeLenientObject[Metadata] = None


class Company(CamelReply, title="companies"):
    """A contract of the user."""

    contract_id: RequiredId


class Profile(CamelReply):
    """The reply with the user's contracts."""

    companies: LenientList[Company]


class ResourceLimits(CamelReply, title="items.properties.resourceLimits"):
    """The amount and the limit of each of a contract's resources. A limit of null means that there is no limit."""

    cores_provisioned: Number = MISSING
    cores_per_contract: MaybeNumber = MISSING
    ram_provisioned: Number = MISSING
    ram_per_contract: MaybeNumber = MISSING
    hdd_volume_provisioned: Number = MISSING
    hdd_limit_per_contract: MaybeNumber = MISSING
    ssd_volume_provisioned: Number = MISSING
    ssd_limit_per_contract: MaybeNumber = MISSING
    das_volume_provisioned: Number = MISSING
    reserved_ips_on_contract: Number = MISSING
    reservable_ips: MaybeNumber = MISSING
    k8s_clusters_provisioned: Number = Field(default=MISSING, alias="k8sClustersProvisioned")
    k8s_cluster_limit_total: MaybeNumber = Field(default=MISSING, alias="k8sClusterLimitTotal")
    nlb_provisioned: Number = MISSING
    nlb_limit_total: MaybeNumber = MISSING
    nat_gateway_provisioned: Number = MISSING
    nat_gateway_limit_total: MaybeNumber = MISSING


class ContractResources(CamelReply, title="items.properties"):
    """A contract's number and limits. The other fields name a person, and are not read."""

    contract_number: LenientId = MISSING
    resource_limits: LenientObject[ResourceLimits] = MISSING


class ListedContract(CamelReply, title="items"):
    """A contract in a reply of the Cloud API."""

    properties: LenientObject[ContractResources] = MISSING


class Contracts(CamelReply):
    """The Cloud API's reply with a user's contracts."""

    items: LenientList[ListedContract]


class UnitCost(CamelReply, title="products.unitCost"):
    """The price of one unit of a meter.

    Despite their names, `quantity` is the amount of money and `unit` is the currency.
    """

    quantity: Number = MISSING
    unit: Text = MISSING


class Product(CamelReply, title="products"):
    """A row of the price list. A meter may have several rows."""

    meter_id: RequiredId
    unit_cost: UnitCost | None = None
    unit: MaybeText = None
    deprecated: MaybeFlag = None
    type: MaybeText = None
    term: MaybeNumber = None

    @property
    def is_commitment(self) -> bool:
        """Whether the price is only for a commitment over `term` months.

        Any type with `commit` in its name counts as a commitment, since the vendor does not document the types.
        """
        return bool(self.term) or "commit" in (self.type or "").lower()


class Products(CamelReply):
    """The price list of a contract."""

    products: LenientList[Product]
