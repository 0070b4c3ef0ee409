"""The document that `/api/v1/status` answers and `usage-exporter status` reads. Times are Unix time, in seconds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

State = Literal["up", "failing", "waiting"]
"""Whether the last poll of an account worked; `waiting` is before the first has ended."""
Outlook = Literal["used_up", "end_of_period", "runs_out", "unknown"]
"""How long a quota lasts at the last day's pace: it is used up, it lasts its period, it does not, or no telling."""

Urgency = Literal["used_up", "critical", "warning", "unknown", "well", "no_limit"]
"""The most urgent first. `unknown` is a quota that may have moved on: its account fails, or its period has ended."""


class Document(BaseModel):
    """A part of the document. Fields that another version of the exporter adds are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class QuotaStatus(Document):
    """A quota.

    Attributes:
        quota: its name.
        subject: whose it is.
        subject_name: what the vendor calls that; empty if it is not known.
        unit: what is counted; empty where that is not known.
        used: what is used in its period.
        limit: what is allowed; None where it is unlimited or not known.
        period_end: when its period ends.
        urgency: whether it is used up or over a threshold: the account's own, or those that the shipped rules have.
        outlook: how long it lasts.
        lasts_until: when it runs out, where it does before its period ends.

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
        """How much of it is used, 1 for all; None where there is no limit, or a limit of 0."""
        return self.used / self.limit if self.limit else None


class PollStatus(Document):
    """A poll that has ended.

    Attributes:
        began_at: when it began.
        seconds: how long it took.
        codes: how many requests were answered with each HTTP status; `none` is no answer.
        series: how many series it brought; None if it failed.
        drift: fields that departed from the vendor's documentation, each with how.
        reason: how it failed, one of the closed set of reasons; None if it did not.
        error: the same in words.

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
        """How many requests it took."""
        return sum(self.codes.values())


class AccountStatus(Document):
    """An account.

    Attributes:
        vendor: its vendor.
        account: its name.
        state: whether its last poll worked.
        reason: how the last poll failed, one of the closed set of reasons; None if it did not.
        error: the same in words.
        failing_since: when the first poll that failed began.
        failures: how many polls in a row failed.
        interval: how often it is polled, in seconds.
        read_at: when its figures were read; None before the first reading.
        shown_until: when its figures are withdrawn if no poll succeeds by then; None where nothing is shown.
        next_poll_at: when it is polled next; None while a poll is under way.
        series: how many series it shows.
        series_dropped: how many are left out because of `max_series`.
        credential_expires_at: when its credential ends, where that is known.
        notices: what is missing or odd in its readings, in words.
        requests_per_day: how many requests polling it takes, at the last poll's rate; None before one.
        quotas: its quotas, the most urgent first.
        polls: its last polls, the newest first.

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
    """How the configuration was read last.

    Attributes:
        accepted: whether the last one was applied.
        accepted_at: when a configuration was last applied.
        problems: why the last one was rejected.

    """

    accepted: bool = True
    accepted_at: float = 0.0
    problems: tuple[str, ...] = ()


class Status(Document):
    """An exporter.

    Attributes:
        version: its version.
        now: when this was written.
        started_at: when it started.
        shard: which shard it is, counted from 0.
        total_shards: of how many.
        configuration: how its configuration was read last.
        accounts: those that it polls: the failing first, then by their most urgent quota.

    """

    version: str
    now: float
    started_at: float = 0.0
    shard: int = 0
    total_shards: int = 1
    configuration: ConfigStatus = ConfigStatus()
    accounts: tuple[AccountStatus, ...] = ()
