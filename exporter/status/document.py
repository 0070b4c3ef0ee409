"""The document served at `/api/v1/status` and read by `usage-exporter status`. Times are Unix time, in seconds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

State = Literal["up", "failing", "waiting"]
"""Whether an account's last poll succeeded. An account is `waiting` until its first poll has ended."""
Outlook = Literal["used_up", "end_of_period", "runs_out", "unknown"]
"""Whether a quota is used up or, at the pace of the past day, lasts until its period ends or runs out earlier."""

Urgency = Literal["used_up", "critical", "warning", "unknown", "well", "no_limit"]
"""The degrees of a quota's urgency, the most urgent first.

The word `unknown` means that the last figure may be outdated, because the account fails or the period has ended.
"""


class Document(BaseModel):
    """A part of the document. Unknown fields, which another version of the exporter may add, are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class QuotaStatus(Document):
    """The status of a quota.

    Attributes:
        quota: the quota's name.
        subject: the plan, customer or contract that the quota belongs to.
        subject_name: the vendor's display name for the subject; empty if unknown.
        unit: the unit of the figures; empty if unknown.
        used: the use in the period.
        limit: how much the quota allows; None if unlimited or unknown.
        period_end: the end of the period; None if unknown.
        urgency: whether the quota is used up or has reached a threshold.
        outlook: whether the quota lasts until the period ends.
        lasts_until: when the quota runs out; None if the outlook is not `runs_out`.

    """

    quota: str
    subject: str = ""
    subject_name: str = ""
    unit: str = ""
    used: float
    limit: float | None = None
    period_end: float | None = None
    urgency: Urgency = "unknown"
    outlook: Outlook = "unknown"
    lasts_until: float | None = None

    @property
    def whose(self) -> str:
        """The subject, with the subject's name in brackets if the name is known."""
        return f"{self.subject} ({self.subject_name})" if self.subject_name else self.subject

    @property
    def share(self) -> float | None:
        """The share of the limit that is used (1 is the whole limit); None if there is no limit or the limit is 0."""
        return self.used / self.limit if self.limit else None


class PollStatus(Document):
    """A poll that has ended.

    Attributes:
        began_at: when the poll began.
        seconds: how long the poll took.
        codes: the number of requests by HTTP status; `none` counts requests without an answer.
        series: the number of series in the reading; None if the poll failed.
        drift: the fields that deviated from the vendor's documentation, and how they deviated.
        reason: the reason for the failure, from a closed set; None if the poll succeeded.
        error: the failure in words; None if the poll succeeded.

    """

    began_at: float
    seconds: float
    codes: dict[str, int] = {}
    series: int | None = None
    drift: tuple[str, ...] = ()
    reason: str | None = None
    error: str | None = None

    @property
    def requests(self) -> int:
        """The number of requests, including retries."""
        return sum(self.codes.values())


class AccountStatus(Document):
    """The status of an account.

    Attributes:
        vendor: the account's vendor.
        account: the account's name.
        state: whether the last poll succeeded.
        reason: the reason for the last poll's failure, from a closed set; None if the poll succeeded.
        error: the failure in words; None if the last poll succeeded.
        failing_since: when the account or a part of the account began to fail; None if nothing fails.
        failures: the number of consecutive failed polls.
        interval: the time between polls.
        read_at: when the account's figures were read; None before the first reading.
        shown_until: when the figures will be withdrawn unless a poll succeeds; None if no figures are shown.
        next_poll_at: the start of the next poll; None during a poll.
        series: the number of series shown.
        series_dropped: the number of series left out because of `max_series`.
        credential_expires_at: when the account's credential expires; None if unknown.
        notices: what is missing or odd in the account's readings, in words.
        requests_per_day: the number of requests a day, extrapolated from recent polls; None before the first poll.
        quotas: the account's quotas, the most urgent first.
        polls: the account's recent polls, the newest first.

    """

    vendor: str
    account: str
    state: State
    reason: str | None = None
    error: str | None = None
    failing_since: float | None = None
    failures: int = 0
    interval: float = 0.0
    read_at: float | None = None
    shown_until: float | None = None
    next_poll_at: float | None = None
    series: int = 0
    series_dropped: int = 0
    credential_expires_at: float | None = None
    notices: tuple[str, ...] = ()
    requests_per_day: int | None = None
    quotas: tuple[QuotaStatus, ...] = ()
    polls: tuple[PollStatus, ...] = ()


class ConfigStatus(Document):
    """The outcome of the last reload.

    Attributes:
        accepted: whether the last reload was accepted.
        accepted_at: when a configuration was last applied.
        problems: why the last reload was refused.

    """

    accepted: bool = True
    accepted_at: float = 0.0
    problems: tuple[str, ...] = ()


class Status(Document):
    """The status of an exporter: the whole document.

    Attributes:
        version: the exporter's version.
        now: when the document was written.
        started_at: when the exporter started.
        shard: the number of the exporter's shard, counted from 0.
        total_shards: the number of shards.
        configuration: the outcome of the last reload.
        accounts: the polled accounts, sorted by state (failing accounts first), then by their most urgent quota.

    """

    version: str
    now: float
    started_at: float = 0.0
    shard: int = 0
    total_shards: int = 1
    configuration: ConfigStatus = ConfigStatus()
    accounts: tuple[AccountStatus, ...] = ()
