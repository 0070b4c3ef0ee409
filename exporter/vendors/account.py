"""The settings and methods that accounts at all vendors share. An account is one entry under `accounts`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import ClassVar, Final, Self
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, field_validator

from exporter.client.auth import Auth, Basic
from exporter.client.endpoint import Endpoint
from exporter.client.rate_limit import seconds_apart
from exporter.durations import Rate
from exporter.metrics import Family, Item
from exporter.secret import Secret
from exporter.sharding import Shard, shard_of
from exporter.vendors.estimate import PollEstimate
from exporter.vendors.origin import BUILT_IN, Origin
from exporter.vendors.poll import Poll
from exporter.vendors.quality import Quality
from exporter.vendors.quotas import ConfiguredQuota, NameSource, NativeQuota, PlanPeriod, find_quota_conflicts
from exporter.vendors.settings.conflicts import find_label_conflicts, find_reach_conflicts, find_sign_in_conflicts
from exporter.vendors.settings.family_choice import FamilyChoice, find_family_conflicts
from exporter.vendors.settings.patterns import LabelName, LabelValue
from exporter.vendors.settings.thresholds import QuotaThreshold
from exporter.vendors.settings.types import (
    TLS,
    Duration,
    Name,
    ProxyUrl,
    RateSetting,
    SecretFromEnvironment,
    SecretFromFile,
    Settings,
    Url,
    UserName,
)

_SHORTEST_STALE_AFTER_SECONDS: Final = 3600.0
_STALE_AFTER_INTERVALS: Final = 3

Credential = tuple[str, Auth]
"""An API's base URL, and how to authenticate there. Accounts with equal credentials share the vendor's rate limit."""


class Account(Settings):
    """One account at a vendor: its name, its credentials and how it is polled.

    Each vendor has a subclass, which adds the vendor's own settings and defaults, and implements `auth` and `read`.
    """

    api: ClassVar[int]
    """The version of `exporter.vendor_api` that a vendor in a wheel is written for."""
    origin: ClassVar[Origin] = BUILT_IN
    """Where the vendor comes from: the exporter itself, a file or a wheel."""
    sign_ins: ClassVar[tuple[tuple[str, ...], ...]]
    """The ways to sign in, each a tuple of names of settings. A secret's name, such as `key`, also means `key_file`."""
    reported: ClassVar[tuple[Family, ...]]
    """The families that the vendor reports."""
    example: ClassVar[str] = ""
    """The settings of a minimal configuration, as lines of YAML."""
    quota_example: ClassVar[str] = ""
    """`example`, with a configured quota added; empty if the vendor has no such example."""
    native_quotas_of: ClassVar[str] = ""
    """A phrase that names what the vendor reports quotas for."""
    quality: ClassVar[Quality] = {}
    """Answers about how the exporter covers the vendor. `quality_of` adds the answers that follow from the class."""
    assumed_rate: ClassVar[Rate | None] = None
    """The rate limit to assume until the vendor's answers state one. None if the vendor documents no limit."""
    native_quotas: ClassVar[tuple[NativeQuota, ...]] = ()
    """The quotas that the vendor reports itself."""
    plan_periods: ClassVar[tuple[PlanPeriod, ...]] = ()
    """Where the vendor reports the periods in which usage accumulates."""
    name_sources: ClassVar[tuple[NameSource, ...]] = ()
    """Where the vendor reports display names for the ids in labels."""

    vendor: str
    name: Name = Field(description="The label `account`; unique per vendor. Letters, digits, and ._@- after the first.")
    was: Name | None = Field(default=None, description="The former name: its counters and stored reading are kept.")
    interval: Duration = Field(default=300.0, description="Time between polls.")
    base_url: Url = Field(description="URL of the vendor's API.")
    timeout: Duration = Field(default=30.0, description="Maximum time for one complete response.")
    stale_after: Duration | None = Field(
        default=None,
        description="Age up to which the last good reading is shown; if not set, three intervals, at least 1h.",
    )
    max_series: int = Field(
        default=10_000,
        ge=1,
        description="Maximum number of series of this account; those beyond it are dropped and counted.",
    )
    families: FamilyChoice = Field(default=FamilyChoice(), description="Which of the vendor's metrics to show.")
    names: bool = Field(default=False, description="Show display names beside ids, where the vendor reports them.")
    rate_limit: RateSetting | None = Field(
        default=None,
        description="Maximum requests per duration, such as 60/1m; if not set, the vendor's limit where known.",
    )
    tls: TLS = Field(default=TLS(), description="How the vendor's certificate is verified.")
    proxy_url: ProxyUrl | None = Field(
        default=None, description="HTTP proxy to use; proxy variables of the environment are ignored."
    )
    proxy_user: UserName | None = Field(default=None, description="User name for the proxy, if it requires one.")
    proxy_password: SecretFromEnvironment | None = Field(default=None, description="Password for the proxy.")
    proxy_password_file: SecretFromFile | None = Field(
        default=None, description="File that holds the password for the proxy."
    )
    allow_insecure_http: bool = Field(
        default=False,
        description="Allow http to another machine, or through its proxy: credentials can then be read in transit.",
    )
    quotas: tuple[ConfiguredQuota, ...] = Field(default=(), description="Quotas beside those the vendor reports.")
    thresholds: tuple[QuotaThreshold, ...] = Field(default=(), description="Alert thresholds of individual quotas.")
    labels: dict[LabelName, LabelValue] = Field(
        default={}, description="Labels of your own, such as team: payments, for every series of the account."
    )
    _shard: Shard = PrivateAttr(default=Shard())
    _rate_share: float = PrivateAttr(default=1.0)

    @field_validator("quotas", mode="after")
    @classmethod
    def _with_families(cls, quotas: tuple[ConfiguredQuota, ...]) -> tuple[ConfiguredQuota, ...]:
        return tuple(quota.with_family(cls.reported) for quota in quotas)

    @property
    def key(self) -> tuple[str, str]:
        """The account's identity: vendor and name."""
        return self.vendor, self.name

    @property
    def former(self) -> Self | None:
        """The account under its former name; None if the account was not renamed."""
        return self.model_copy(update={"name": self.was, "was": None}) if self.was else None

    @property
    def shared_labels(self) -> Mapping[str, str]:
        """The labels of all figures and quotas of the account: `account`, and the labels that the operator adds."""
        return {"account": self.name, **self.labels}

    @property
    def credential(self) -> Credential:
        """The API's base URL, and how the account authenticates there."""
        return self.base_url, self.auth

    @property
    def endpoint(self) -> Endpoint:
        """The vendor's API, and how the account reaches it."""
        return Endpoint(
            self.base_url,
            self.auth,
            self.timeout,
            self.tls.ca_file,
            self.tls.insecure_skip_verify,
            self.proxy_url,
            Basic(self.proxy_user, self.secret("proxy_password")) if self.proxy_user else None,
        )

    @property
    def host(self) -> str:
        """The host of the vendor's API."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def stale_seconds(self) -> float:
        """The age, in seconds, up to which the last good reading is shown."""
        return self.stale_after or max(_STALE_AFTER_INTERVALS * self.interval, _SHORTEST_STALE_AFTER_SECONDS)

    @property
    def shard(self) -> Shard:
        """The shard that polls this account. If shards divide the account, this object is only the shard's part."""
        return self._shard

    @property
    def rate_share(self) -> float:
        """The fraction of the vendor's rate limit that the shard may use. Other shards use the rest."""
        return self._rate_share

    @property
    def owns_account_metrics(self) -> bool:
        """Whether the shard that polls this account reads the account-wide series."""
        return self._shard.owns(*self.key)

    @property
    def slice_count(self) -> int:
        """The number of slices into which the account's customers are divided. Each slice is polled separately."""
        return 1

    @property
    def max_customer_count(self) -> int:
        """The maximum number of customers that the shard polls one by one; 0 if the account is polled as a whole."""
        return 0

    @property
    def max_request_count(self) -> int | None:
        """The maximum number of requests for one full reading; None if the configuration does not limit the number."""
        return None

    @property
    def dated_families(self) -> Collection[Family]:
        """The families whose figures are requested for a UTC month. The answers cannot be about another month."""
        return ()

    @property
    def estimate(self) -> PollEstimate:
        """An estimate of how long one full reading will take."""
        apart = seconds_apart(self.rate_limit, self.assumed_rate, self._rate_share)
        counts = self.slice_count, self.max_customer_count, self.max_request_count
        return PollEstimate(self.interval, *counts, apart, self.stale_seconds)

    def shard_numbers(self, total: int) -> Collection[int]:
        """Of `total` shards, return the numbers of those that may poll a part of the account."""
        return (shard_of(total, *self.key),)

    def shard_part(self, shard: Shard) -> Self | None:
        """Return the part of the account that a shard polls. Returns None if the shard polls no part of the account."""
        return self.for_shard(shard) if shard.owns(*self.key) else None

    def for_shard(self, shard: Shard, **settings: object) -> Self:
        """Return a copy of the account for a shard, with the given settings changed."""
        part = self.model_copy(update=settings)
        part._shard = shard  # noqa: SLF001 - a new object of the same class
        return part

    def with_rate_share(self, share: float) -> Self:
        """Return a copy of the account that may use the fraction `share` of the vendor's rate limit."""
        part = self.model_copy()
        part._rate_share = share  # noqa: SLF001 - as above
        return part

    @property
    @abstractmethod
    def auth(self) -> Auth:
        """How requests are authenticated."""

    @abstractmethod
    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return the account's usage as of `poll.now`. A series that exists but cannot be read is an `Unreadable`.

        Raises:
            PollError: the reading would be incomplete.

        """

    def secret(self, name: str) -> Secret:
        """Return the secret in the setting `name` or in its `_file` twin. One of the two settings must be set."""
        secret: Secret | None = getattr(self, name) or getattr(self, f"{name}_file")
        if secret is None:
            raise LookupError(f"{name} is not set")
        return secret

    @classmethod
    def find_conflicts(cls, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield (path, problem) for each conflict between settings that are individually valid."""
        yield from find_sign_in_conflicts(cls.model_fields, cls.sign_ins, given)
        yield from find_reach_conflicts(given, cls.model_fields["interval"].default)
        vendor = str(given.get("vendor"))
        yield from find_label_conflicts(given, cls.reported)
        yield from find_quota_conflicts(vendor, given, cls.reported, cls.native_quotas, cls.plan_periods)
        yield from find_family_conflicts(vendor, given, cls.reported)
