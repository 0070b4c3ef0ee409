"""IONOS Cloud: what was metered this month, by data centre and meter, and what it would cost.

Source:   Billing API 3.9.0, https://api.ionos.com/billing: GET /profile, GET /{contract}/usage,
          GET /{contract}/usage/{dc}, GET /{contract}/products
Period:   the UTC month, asked for explicitly; figures are up to 24 hours behind and may be restated
Units:    each meter's own, named by the label `unit` as the vendor writes it; nothing is converted
Login:    HTTP basic or a bearer token that a person made
Limits:   none documented
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import ClassVar, Final, Literal

from pydantic import Field

from exporter.client.auth import Auth, Basic
from exporter.client.auth import Key as BearerToken
from exporter.errors import Forbidden, NotFound
from exporter.metrics import Item, Sample, Unreadable
from exporter.vendors.account import Account
from exporter.vendors.ionos import families
from exporter.vendors.ionos.cost import Price, cost_samples, prices
from exporter.vendors.ionos.replies import DataCenter, Products, Profile, Usage
from exporter.vendors.ionos.settings import ContractNumber, DataCenterId
from exporter.vendors.poll import Poll, segment
from exporter.vendors.reply import is_partial
from exporter.vendors.settings import (
    Duration,
    SecretFromEnvironment,
    SecretFromFile,
    Url,
    UserName,
)

_DAY_SECONDS: Final = 86_400.0


def samples(contract: str, replies: Sequence[Usage], price: Mapping[str, Price]) -> Iterator[Item]:
    """Say one contract's usage in metrics.

    Rows of one meter in one data centre are summed per unit. Where one of them is not known, no sum of its unit is;
    where its unit is not known either, no sum of the meter is.
    """
    sums: dict[tuple[str, str, str], float] = defaultdict(float)
    unknown: set[tuple[str, str, str | None]] = set()
    meters: dict[tuple[str, str], str] = {}
    data_centers: dict[str, DataCenter] = {}
    for reply in replies:
        for data_center in reply.datacenters:
            data_centers[data_center.label] = data_center
            for meter in data_center.meters or ():
                unit = meter.unit or ""
                meters[meter.meter_id, unit] = meter.meter_desc or ""
                if meter.quantity is None or meter.quantity.quantity is None:
                    unknown.add((data_center.label, meter.meter_id, meter.unit))
                else:
                    sums[data_center.label, meter.meter_id, unit] += meter.quantity.quantity
    quantities = {key: value for key, value in sums.items() if not {key, (*key[:2], None)} & unknown}
    for (data_center_id, meter_id, unit), quantity in quantities.items():
        yield families.IONOS_METER_QUANTITY(
            quantity, contract=contract, datacenter_id=data_center_id, meter_id=meter_id, unit=unit
        )
    for (meter_id, unit), description in meters.items():
        yield families.IONOS_METER_INFO(1, contract=contract, meter_id=meter_id, description=description, unit=unit)
    for data_center_id, center in data_centers.items():
        yield families.IONOS_DATACENTER_INFO(
            1,
            contract=contract,
            datacenter_id=data_center_id,
            name=center.name or "",
            location=center.location or "",
        )
    yield from _unreadable(contract, replies)
    yield from cost_samples(contract, quantities, price)


def _unreadable(contract: str, replies: Iterable[Usage]) -> Iterator[Unreadable]:
    """Say which quantities exist and cannot be read: a row's, a data centre's, or those of more than is known."""
    for reply in replies:
        missing: list[dict[str, str]] = [{}] if is_partial(reply.datacenters) else []
        for data_center in reply.datacenters:
            place = {"datacenter_id": data_center.label}
            missing += [place] if is_partial(data_center.meters) else []
            missing += [
                {**place, "meter_id": meter.meter_id, **({"unit": meter.unit} if meter.unit else {})}
                for meter in data_center.meters or ()
                if meter.quantity is None or meter.quantity.quantity is None
            ]
        for labels in missing:
            yield families.IONOS_METER_QUANTITY.unreadable(contract=contract, **labels)
            yield families.IONOS_ESTIMATED_COST.unreadable(contract=contract, **labels)


class Ionos(Account):
    """An account at IONOS Cloud: one user, and one or more contracts of theirs."""

    sign_ins: ClassVar = (("username", "password"), ("token",))
    example: ClassVar = """\
token: ${IONOS_TOKEN}
"""
    quota_example: ClassVar = """\
token: ${IONOS_TOKEN}
quotas:
  - name: core-hours
    metric: ionos_meter_quantity
    match: {meter_id: "C0.*"}
    by: [contract]
    limit: 50000
    unit: core_hours
    period: month
"""
    families: ClassVar = families.FAMILIES

    vendor: Literal["ionos"] = Field(description="IONOS Cloud, the Billing API.")
    interval: Duration = 3600.0
    base_url: Url = "https://api.ionos.com/billing"
    username: UserName | None = Field(default=None, description="User name, for basic authentication.")
    password: SecretFromEnvironment | None = Field(default=None, description="Password, for basic authentication.")
    password_file: SecretFromFile | None = Field(default=None, description="File that holds the password.")
    token: SecretFromEnvironment | None = Field(
        default=None, description="Bearer token instead of user name and password."
    )
    token_file: SecretFromFile | None = Field(default=None, description="File that holds the token.")
    contracts: tuple[ContractNumber, ...] = Field(
        default=(), description="Contract numbers; those of the user's profile if not set."
    )
    datacenters: tuple[DataCenterId, ...] = Field(
        default=(),
        description="Ask for these data centres (UUID, or `null` for what is in none) instead of the whole contract;"
        " needs exactly one contract.",
    )
    cost: bool = Field(default=False, description="Estimate cost from the contract's price list, read once a day.")

    @property
    def auth(self) -> Auth:
        """Basic authentication or a bearer token."""
        if self.username is None:
            return BearerToken(self.secret("token"))
        return Basic(self.username, self.secret("password"))

    @classmethod
    def conflicts(cls, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong between settings; data centres need the one contract that they are of."""
        yield from super().conflicts(given)
        contracts = given.get("contracts")
        if given.get("datacenters") and not (isinstance(contracts, list) and len(contracts) == 1):
            yield "datacenters", "needs exactly one number in contracts"

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return the month's usage of each contract; one that is gone is left out."""
        contracts = self.contracts or await self._discovered(poll)

        async def samples_of(contract: str) -> Iterator[Item]:
            price = await self._prices(poll, contract) if self.cost else {}
            replies = await self._usage(poll, contract)
            label = contract.lstrip("0") or contract
            return chain(samples(label, replies, price), list(self._period(poll, label, replies)))

        # A user may see a contract in the profile whose figures are not for them, or not yet.
        gone = (NotFound,) if self.contracts else (NotFound, Forbidden)

        def hidden(contract: str) -> list[Unreadable]:
            label = contract.lstrip("0") or contract
            return [families.IONOS_METER_QUANTITY.unreadable(contract=label)]

        return chain.from_iterable([found for _, found in await poll.each(contracts, samples_of, gone, hides=hidden)])

    async def _discovered(self, poll: Poll) -> list[str]:
        profile = await poll.get(Profile, "/profile")
        if is_partial(profile.companies):
            poll.unreadable.append(families.IONOS_METER_QUANTITY.unreadable())
        return list(dict.fromkeys(company.contract_id for company in profile.companies))

    async def _usage(self, poll: Poll, contract: str) -> list[Usage]:
        month = {"period": f"{poll.now:%Y-%m}"}
        whole = f"/{segment(contract)}/usage"
        if not self.datacenters:
            return [await poll.get(Usage, whole, month)]

        async def usage_of(data_center: str) -> Usage:
            return await poll.get(Usage, f"{whole}/{segment(data_center)}", month)

        def hidden(data_center: str) -> list[Unreadable]:
            label = contract.lstrip("0") or contract
            return [families.IONOS_METER_QUANTITY.unreadable(contract=label, datacenter_id=data_center)]

        return [usage for _, usage in await poll.each(self.datacenters, usage_of, hides=hidden)]

    async def _prices(self, poll: Poll, contract: str) -> dict[str, Price]:
        """The price list, read once a day; without one that can be read there is no cost, but there is usage."""

        async def read() -> dict[str, Price]:
            return prices((await poll.get(Products, f"/{segment(contract)}/products")).products)

        return await poll.optional(lambda: poll.once_in(_DAY_SECONDS, f"prices of {contract}", read)) or {}

    def _period(self, poll: Poll, contract: str, replies: Iterable[Usage]) -> Iterator[Sample]:
        """The period of the figures, and through `poll.as_of` the oldest day that any of them reach to."""
        starts = [reply.start_date for reply in replies if reply.start_date]
        ends = [reply.end_date for reply in replies if reply.end_date]
        yield from families.IONOS_PERIOD_START.known(min(starts, default=None), contract=contract)
        yield from families.IONOS_PERIOD_END.known(min(ends, default=None), contract=contract)
        # Whether endDate is the data's last day or the month's is not said; a day to come cannot be the former.
        reached = [end for end in ends if end <= poll.now]
        if reached:
            poll.as_of = min(reached if poll.as_of is None else [*reached, poll.as_of])
