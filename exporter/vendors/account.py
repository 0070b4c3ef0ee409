"""What every account has, whoever the vendor is: the settings of one entry under `accounts`."""

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
from exporter.vendors.conflicts import find_label_conflicts, find_reach_conflicts, find_sign_in_conflicts
from exporter.vendors.estimate import PollEstimate
from exporter.vendors.origin import BUILT_IN, Origin
from exporter.vendors.patterns import LabelName, LabelValue
from exporter.vendors.poll import Poll
from exporter.vendors.quality import Quality
from exporter.vendors.quotas import ConfiguredQuota, NameSource, NativeQuota, PlanPeriod, find_quota_conflicts
from exporter.vendors.settings import (
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
from exporter.vendors.shown import FamilyChoice, find_family_conflicts
from exporter.vendors.thresholds import QuotaThreshold

_SHORTEST_STALE_AFTER_SECONDS: Final = 3600.0
_STALE_AFTER_INTERVALS: Final = 3

Credential = tuple[str, Auth]
"""Where an account signs in, and how; accounts with the same share the vendor's rate."""


class Account(Settings):
    """One account at a vendor: credentials with a name, and how they are polled.

    A vendor derives from this: its own settings, its defaults, `auth` and `read`.
    """

    api: ClassVar[int]
    """Of a vendor in a wheel: the version of `exporter.vendor_api` that it is made for."""
    origin: ClassVar[Origin] = BUILT_IN
    """Where the vendor is from; who loads it says so."""
    sign_ins: ClassVar[tuple[tuple[str, ...], ...]]
    """The settings that sign in, as alternatives; each secret's name stands for its `_file` twin too."""
    reported: ClassVar[tuple[Family, ...]]
    """What the vendor reports."""
    example: ClassVar[str] = ""
    """The settings of a small configuration, as lines of YAML."""
    quota_example: ClassVar[str] = ""
    """The same with a quota that the operator sets, if it is the vendor to show that by."""
    native_quotas_of: ClassVar[str] = ""
    """What the vendor reports quotas of, in words."""
    quality: ClassVar[Quality] = {}
    """How well the vendor is covered, as far as the class does not say it; `quality_of` has all of it."""
    assumed_rate: ClassVar[Rate | None] = None
    """What the vendor allows until its answers say otherwise; None where it is not documented."""
    native_quotas: ClassVar[tuple[NativeQuota, ...]] = ()
    """The quotas that the vendor reports."""
    plan_periods: ClassVar[tuple[PlanPeriod, ...]] = ()
    """Where the vendor reports the periods of what is used."""
    name_sources: ClassVar[tuple[NameSource, ...]] = ()
    """Where the vendor says what it calls the things that labels name by ids."""

    vendor: str
    name: Name = Field(description="The label `account`; unique per vendor. Letters, digits, and ._@- after the first.")
    was: Name | None = Field(default=None, description="The name before a renaming: counters and stored reading go on.")
    interval: Duration = Field(default=300.0, description="How often the vendor is asked.")
    base_url: Url = Field(description="Where the vendor's API is.")
    timeout: Duration = Field(default=30.0, description="The longest that one whole answer may take.")
    stale_after: Duration | None = Field(
        default=None,
        description="Age up to which the last good reading is shown; if not set, three intervals, at least 1h.",
    )
    max_series: int = Field(
        default=10_000, ge=1, description="Series of this account at most; what is beyond is counted."
    )
    families: FamilyChoice = Field(default=FamilyChoice(), description="Which of the vendor's metrics are shown.")
    names: bool = Field(default=False, description="Show what the vendor calls things beside their ids, if it says so.")
    rate_limit: RateSetting | None = Field(
        default=None,
        description="Requests per duration at most, such as 60/1m; if not set, the vendor's limit where it is known.",
    )
    tls: TLS = Field(default=TLS(), description="How the vendor's certificate is verified.")
    proxy_url: ProxyUrl | None = Field(
        default=None, description="HTTP proxy to go through; none is taken from the environment."
    )
    proxy_user: UserName | None = Field(default=None, description="User name for the proxy, if it asks for one.")
    proxy_password: SecretFromEnvironment | None = Field(default=None, description="Password for the proxy.")
    proxy_password_file: SecretFromFile | None = Field(
        default=None, description="File that holds the password for the proxy."
    )
    allow_insecure_http: bool = Field(
        default=False,
        description="Let an http base_url, or the proxy before one, be another machine's, where credentials can be read"
        " on the way.",
    )
    quotas: tuple[ConfiguredQuota, ...] = Field(default=(), description="Quotas beside those that the vendor reports.")
    thresholds: tuple[QuotaThreshold, ...] = Field(default=(), description="Where the alerts on some quotas begin.")
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
        """Vendor and name: what tells an account from every other."""
        return self.vendor, self.name

    @property
    def former(self) -> Self | None:
        """The account under the name that it had before, if it was renamed."""
        return self.model_copy(update={"name": self.was, "was": None}) if self.was else None

    @property
    def shared_labels(self) -> Mapping[str, str]:
        """The labels that its vendor's series, and those of its quotas, have in common beside `vendor`."""
        return {"account": self.name, **self.labels}

    @property
    def credential(self) -> Credential:
        """Where the account signs in, and how."""
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
        """Host of the vendor's API."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def stale_seconds(self) -> float:
        """How old the last good reading may be and still be shown."""
        return self.stale_after or max(_STALE_AFTER_INTERVALS * self.interval, _SHORTEST_STALE_AFTER_SECONDS)

    @property
    def shard(self) -> Shard:
        """The shard that the account is polled by: as a whole, or with others."""
        return self._shard

    @property
    def rate_share(self) -> float:
        """The part of the vendor's rate that is this shard's: the vendor limits all who use a credential together."""
        return self._rate_share

    @property
    def owns_account_metrics(self) -> bool:
        """Whether this shard reads the series of the account as a whole."""
        return self._shard.owns(*self.key)

    @property
    def slice_count(self) -> int:
        """How many parts the account's customers are polled in."""
        return 1

    @property
    def max_customer_count(self) -> int:
        """The most customers that this shard asks about; 0 where it does not ask about individual ones."""
        return 0

    @property
    def max_request_count(self) -> int | None:
        """Requests that reading all of them once takes at most; None where the configuration does not tell."""
        return None

    @property
    def dated_families(self) -> Collection[Family]:
        """The figures of a period that the request dates: none of them can be late with a new one."""
        return ()

    @property
    def estimate(self) -> PollEstimate:
        """How long reading all of them once takes, as far as that is known before the vendor is asked."""
        apart = seconds_apart(self.rate_limit, self.assumed_rate, self._rate_share)
        counts = self.slice_count, self.max_customer_count, self.max_request_count
        return PollEstimate(self.interval, *counts, apart, self.stale_seconds)

    def shard_numbers(self, total: int) -> Collection[int]:
        """Return which of `total` shards may poll a part of the account."""
        return (shard_of(total, *self.key),)

    def shard_part(self, shard: Shard) -> Self | None:
        """Return the part of the account that a shard polls, or None if it polls nothing of it."""
        return self.for_shard(shard) if shard.owns(*self.key) else None

    def for_shard(self, shard: Shard, **settings: object) -> Self:
        """Return the account as a shard polls it, with these of its settings changed."""
        part = self.model_copy(update=settings)
        part._shard = shard  # noqa: SLF001 - of the same class, and of nobody else yet
        return part

    def with_rate_share(self, share: float) -> Self:
        """Return the account as one that has this part of the vendor's rate."""
        part = self.model_copy()
        part._rate_share = share  # noqa: SLF001 - as above
        return part

    @property
    @abstractmethod
    def auth(self) -> Auth:
        """How requests are signed."""

    @abstractmethod
    async def read(self, poll: Poll) -> Iterable[Item]:
        """Return the account's usage as of `poll.now`: also which series exist and cannot be read.

        Raises:
            PollError: the reading is not whole, so there is none.

        """

    def secret(self, name: str) -> Secret:
        """Return the secret that a setting or its `_file` twin holds; one of them does."""
        secret: Secret | None = getattr(self, name) or getattr(self, f"{name}_file")
        if secret is None:
            raise LookupError(f"{name} is not set")
        return secret

    @classmethod
    def find_conflicts(cls, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong between settings that may each be right: the setting, and what to do."""
        yield from find_sign_in_conflicts(cls.model_fields, cls.sign_ins, given)
        yield from find_reach_conflicts(given, cls.model_fields["interval"].default)
        vendor = str(given.get("vendor"))
        yield from find_label_conflicts(given, cls.reported)
        yield from find_quota_conflicts(vendor, given, cls.reported, cls.native_quotas, cls.plan_periods)
        yield from find_family_conflicts(vendor, given, cls.reported)
