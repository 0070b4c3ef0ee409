"""The document served at `/api/v1/status` and read by `usage-exporter status`. Times are Unix time, in seconds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

State = Literal["up", "failing", "waiting"]
"""Whether an account's last poll succeeded; `waiting` until its first poll has ended."""
Outlook = Literal["used_up", "end_of_period", "runs_out", "unknown"]
"""How a quota fares at the last day's pace: it is used up, lasts until its period ends, or runs out; else `unknown`."""

Urgency = Literal["used_up", "critical", "warning", "unknown", "well", "no_limit"]
"""The most urgent first. `unknown`: the quota may have changed, because its account fails or its period has ended."""


class Document(BaseModel):
    """A part of the document. Unknown fields, which another version of the exporter may add, are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class QuotaStatus(Document):
    """The status of a quota.

    Attributes:
        quota: its name.
        subject: the plan, customer or contract that it belongs to.
        subject_name: the vendor's display name for the subject; empty if unknown.
        unit: the unit of its figures; empty if unknown.
        used: the use in its period.
        limit: how much it allows; None if unlimited or unknown.
        period_end: the end of its period.
        urgency: whether it is used up, or above a threshold of its own or of the shipped rules.
        outlook: how long it lasts.
        lasts_until: when it runs out, if that is before its period ends.

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
        """The subject, with its name in brackets if it has one."""
        return f"{self.subject} ({self.subject_name})" if self.subject_name else self.subject

    @property
    def share(self) -> float | None:
        """The share of the limit that is used; 1 means all of it. None without a limit, or with a limit of 0."""
        return self.used / self.limit if self.limit else None


class PollStatus(Document):
    """A poll that has ended.

    Attributes:
        began_at: when it began.
        seconds: how long it took.
        codes: the number of requests answered with each HTTP status; `none` means no answer.
        series: the number of series in its reading; None if it failed.
        drift: the fields that deviated from the vendor's documentation, and how.
        reason: the reason for its failure, from a closed set; None if it succeeded.
        error: the failure in words.

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
        vendor: its vendor.
        account: its name.
        state: whether its last poll succeeded.
        reason: the reason for the last poll's failure, from a closed set; None if the poll succeeded.
        error: the failure in words.
        failing_since: since when the account, or a part of it, has been failing; None if nothing fails.
        failures: the number of consecutive failed polls.
        interval: the time between polls.
        read_at: when its figures were read; None before the first reading.
        shown_until: when its figures will be withdrawn unless a poll succeeds; None if no figures are shown.
        next_poll_at: the start of the next poll; None during a poll.
        series: the number of series shown.
        series_dropped: the number of series left out because of `max_series`.
        credential_expires_at: when its credential expires, if known.
        notices: what is missing or odd in its readings, in words.
        requests_per_day: the number of requests a day, extrapolated from recent polls; None before the first poll.
        quotas: its quotas, the most urgent first.
        polls: its recent polls, the newest first.

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
        version: its version.
        now: when the document was written.
        started_at: when the exporter started.
        shard: the number of its shard, counted from 0.
        total_shards: the number of shards.
        configuration: the outcome of the last reload.
        accounts: the accounts that it polls, sorted by state (failing ones first), then by their most urgent quota.

    """

    version: str
    now: float
    started_at: float = 0.0
    shard: int = 0
    total_shards: int = 1
    configuration: ConfigStatus = ConfigStatus()
    accounts: tuple[AccountStatus, ...] = ()
