"""IONOS Cloud: this month's usage by data centre and meter, and the estimated cost of that usage.

Source:   Billing API 3.9.0, https://api.ionos.com/billing: GET /profile, GET /{contract}/usage,
          GET /{contract}/usage/{dc}, GET /{contract}/products; Cloud API v6 at the same host: GET /contracts
Period:   the UTC month, named in the request. Figures are up to 24 hours late and may be corrected. Since a month's
          figures are not final when the month ends, the previous month is also requested
Units:    each meter's own unit, in the label `unit` as the vendor writes it. Nothing is converted
Login:    HTTP basic, or a bearer token that a person created
Limits:   none documented
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain
from typing import ClassVar, Final, Literal
from urllib.parse import urljoin

from pydantic import Field, field_validator

from exporter.client.auth import ApiKey, Auth, Basic
from exporter.errors import BadRequest, Forbidden, NotFound, PollError
from exporter.metrics import Family, Item, Unreadable
from exporter.vendors.account import Account
from exporter.vendors.ionos import families
from exporter.vendors.ionos.cost import cost_items, price_items, read_prices
from exporter.vendors.ionos.limits import RESOURCE, limit_items, read_limits
from exporter.vendors.ionos.month import (
    ContractMonth,
    Month,
    MonthReply,
    contract_items,
    period_items,
    previous_items,
    read_month,
    usage_items,
)
from exporter.vendors.ionos.quality import QUALITY
from exporter.vendors.ionos.replies import Profile, ResourceLimits
from exporter.vendors.ionos.settings import ContractNumber, DataCenterId, contract_label, with_contract_label
from exporter.vendors.poll import Poll
from exporter.vendors.quotas import ConfiguredQuota, NameSource
from exporter.vendors.reply import is_partial
from exporter.vendors.settings.types import (
    Duration,
    SecretFromEnvironment,
    SecretFromFile,
    Url,
    UserName,
    is_same_origin,
)

_DAY_SECONDS: Final = 86_400.0
_COUNTED: Final = (families.IONOS_METER_QUANTITY, families.IONOS_ESTIMATED_COST)
_LATE: Final = timedelta(hours=48)
"""How late a month's first and last figures may be: twice the documented delay."""
_UNKNOWN_MONTH: Final = (NotFound, BadRequest)
"""The errors that mean that the vendor has no data for a month."""


class Ionos(Account):
    """An account at IONOS Cloud: one user with one or more contracts."""

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
    native_quotas: ClassVar = (RESOURCE,)
    name_sources: ClassVar = (
        NameSource("contract", families.IONOS_CONTRACT_INFO, "reference"),
        NameSource("datacenter_id", families.IONOS_DATACENTER_INFO),
        NameSource("meter_id", families.IONOS_METER_INFO, "description"),
    )
    native_quotas_of: ClassVar = "the resources of IONOS's contracts (with `limits: true`)"
    reported: ClassVar = families.FAMILIES
    quality: ClassVar = QUALITY

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
        default=(), description="Contract numbers; if not set, those in the user's profile."
    )
    datacenters: tuple[DataCenterId, ...] = Field(
        default=(),
        description="Request these data centres (UUID, or `null` for what is in none) instead of the whole contract;"
        " needs exactly one contract.",
    )
    cost: bool = Field(default=False, description="Estimate cost from the contract's price list, read once a day.")
    limits: bool = Field(
        default=False,
        description="Read the limits of each contract's resources from the Cloud API, one more request each.",
    )
    cloud_api_url: Url | None = Field(
        default=None,
        description="URL of the Cloud API, at the host of base_url; if not set, `cloudapi/v6` in place of `billing`.",
    )

    @property
    def auth(self) -> Auth:
        """Basic authentication or a bearer token."""
        if self.username is None:
            return ApiKey(self.secret("token"))
        return Basic(self.username, self.secret("password"))

    @classmethod
    def find_conflicts(cls, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield conflicts between settings, such as data centres configured with several contracts."""
        yield from super().find_conflicts(given)
        contracts = given.get("contracts")
        if given.get("datacenters") and not (isinstance(contracts, list) and len(contracts) == 1):
            yield "datacenters", "needs exactly one number in contracts"
        base_url = given.get("base_url", cls.model_fields["base_url"].default)
        if "cloud_api_url" in given and not is_same_origin(given["cloud_api_url"], base_url):
            yield "cloud_api_url", "must have the scheme, host and port of base_url: credentials are sent nowhere else"

    @field_validator("quotas", mode="after")
    @classmethod
    def _with_contract_labels(cls, quotas: tuple[ConfiguredQuota, ...]) -> tuple[ConfiguredQuota, ...]:
        return tuple(map(with_contract_label, quotas))

    @property
    def max_request_count(self) -> int | None:
        """The maximum number of requests; None if the contracts come from the profile.

        Each contract takes two requests, or two requests per configured data centre. If configured, prices and limits
        each take one more request per contract.
        """
        if not self.contracts:
            return None
        return len(self.contracts) * (2 * max(1, len(self.datacenters)) + self.cost + self.limits)

    @property
    def dated_families(self) -> Collection[Family]:
        """The family of quantities. Quantities are requested by month, and a reply about another month is discarded."""
        return (families.IONOS_METER_QUANTITY,)

    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return each contract's usage in this month and the previous month. Deleted contracts are left out."""
        contracts: dict[str, str] = {}
        for number in self.contracts or await self._profile_contracts(poll):
            contracts.setdefault(contract_label(number), number)

        async def items_of(label: str) -> Iterator[Item]:
            return await self._contract_items(poll, contracts[label], label)

        # The profile may list a contract whose figures the user may not read, or cannot read yet.
        absent_errors = (NotFound,) if self.contracts else (NotFound, Forbidden)
        found = await poll.gather(contracts, items_of, absent_errors, hides=_unreadable)
        return chain.from_iterable(items for _, items in found)

    async def _profile_contracts(self, poll: Poll) -> Sequence[str]:
        profile = await poll.get(Profile, "/profile")
        if is_partial(profile.companies):
            poll.unreadable.extend(family.unreadable() for family in _COUNTED)
        return [company.contract_id for company in profile.companies]

    async def _contract_items(self, poll: Poll, contract: str, label: str) -> Iterator[Item]:
        month = Month.from_time(poll.now)
        price_list = await read_prices(poll, contract) if self.cost else None
        previous = await self._previous_month(poll, contract, month.previous)
        replies = await self._running_month(poll, contract, month, previous)
        used = ContractMonth.from_replies(replies)
        items: list[Iterable[Item]] = [usage_items(label, used), period_items(label, replies, poll)]
        if self.names:
            items.append(contract_items(label, replies))
        if self.limits:
            items.append(limit_items(label, await self._limits(poll, contract)))
        items.append(previous_items(label, month.previous, ContractMonth.from_replies(previous)))
        if price_list:
            poll.diagnostics.drift.update([("products.unitCost.quantity", "value")] * len(price_list.ambiguous))
            items += [price_items(label, price_list), cost_items(label, used, price_list)]
        elif self.cost:
            items.append(iter([families.IONOS_ESTIMATED_COST.unreadable(contract=label)]))
        return chain.from_iterable(items)

    async def _running_month(
        self, poll: Poll, contract: str, month: Month, previous: Iterable[MonthReply]
    ) -> list[MonthReply]:
        """Request the current month. Early in the month, missing data is not a failure if the month before has data."""
        may_be_late = poll.now - month.start < _LATE
        known = {reply.asked for reply in previous}

        async def reply_to(data_center: str | None) -> MonthReply | None:
            try:
                return await read_month(poll, contract, data_center, month)
            except _UNKNOWN_MONTH:
                # Without a previous month, the contract itself may not exist.
                if may_be_late and data_center in known:
                    return None
                raise

        if not self.datacenters:
            replies = [await reply_to(None)]
        else:
            found = await poll.gather(
                self.datacenters,
                reply_to,
                hides=lambda data_center: _unreadable(contract_label(contract), datacenter_id=data_center),
            )
            replies = [reply for _, reply in found]
        return [reply for reply in replies if reply]

    async def _previous_month(self, poll: Poll, contract: str, month: Month) -> list[MonthReply]:
        """Request the previous month. If the request fails, the last answer about that month is used.

        Each poll sends the request while the month's figures may still grow. Later, the request is sent once a day.
        """
        name = f"month before of {contract}"

        async def read() -> tuple[Month, list[MonthReply]]:
            return month, [
                reply
                for data_center in self.datacenters or (None,)
                if (reply := await self._past_reply(poll, contract, data_center, month))
            ]

        age = _DAY_SECONDS if poll.now - month.end >= _LATE else 0.0
        try:
            _, replies = await poll.cached(age, name, read)
        except PollError as error:
            poll.leave_out("refused", str(error))
            known, replies = poll.cache[name][1] if name in poll.cache else (None, [])
            return replies if known == month else []
        return replies

    async def _past_reply(self, poll: Poll, contract: str, data_center: str | None, month: Month) -> MonthReply | None:
        try:
            return await read_month(poll, contract, data_center, month)
        except _UNKNOWN_MONTH:
            return None

    async def _limits(self, poll: Poll, contract: str) -> ResourceLimits | None:
        url = self.cloud_api_url or urljoin(self.base_url, "cloudapi/v6")
        return await poll.optional(f"limits of {contract}", lambda: read_limits(poll, url, contract))


def _unreadable(contract: str, **labels: str) -> list[Unreadable]:
    """Return items that mark a contract's quantities and costs with these labels as unreadable."""
    return [family.unreadable(contract=contract, **labels) for family in _COUNTED]
