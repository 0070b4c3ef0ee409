"""The landing page: what fails and what runs out, worst first."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from exporter.status import words
from exporter.status.advice import advice_for
from exporter.status.document import AccountStatus, ConfigStatus, QuotaStatus, Status
from exporter.web.html import ago, moment, page, until

_MOST_QUOTAS: Final = 4
"""Per account on the landing page; its own page has all of them."""
_MANY_ACCOUNTS: Final = 12
"""From this number of accounts on, each shows only its most used quota and those that are high."""
_CRITICAL_SHARE: Final = 0.95
_FULL: Final = 100.0


def account_path(vendor: str, account: str) -> str:
    """Return the path of an account's page; vendor and name are safe in a path."""
    return f"/accounts/{vendor}/{account}"


def landing_page(status: Status, telemetry_path: str, *, has_config: bool) -> str:
    """Return the page as HTML, with all foreign text escaped.

    Args:
        status: the status to show.
        telemetry_path: the path of the metrics.
        has_config: whether there is a configuration page.

    """
    read = status.configuration.accepted_at
    part = f", shard {status.shard} of {status.total_shards}" if status.total_shards > 1 else ""
    links = [(telemetry_path, "Metrics"), ("/api/v1/status", "Status as JSON")]
    links += [("/configuration", "Configuration")] if has_config else []
    links += [("/-/healthy", "Health"), ("/-/ready", "Ready")]
    is_short = len(status.accounts) > _MANY_ACCOUNTS
    started = f"{escape(status.version)}, started {ago(status.started_at, status.now)}{part}"
    return page(
        "usage-exporter",
        "\n".join(
            [
                f"<h1>usage-exporter <small>{started}</small></h1>",
                f'<p class="summary">{escape(words.summary(status))}, configuration read {ago(read, status.now)}</p>',
                "<nav>" + "".join(f'<a href="{escape(path)}">{name}</a>' for path, name in links) + "</nav>",
                _refused(status.configuration, status.now),
                *(_card(account, status.now, is_short=is_short) for account in status.accounts),
            ]
        ),
    )


def _refused(config: ConfigStatus, now: float) -> str:
    if config.accepted:
        return ""
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in config.problems)
    return (
        '<section class="card refused"><h2>The configuration was refused when it was read again</h2>'
        f"<ul>{problems}</ul><p>The one that was read {ago(config.accepted_at, now)} stays.</p></section>"
    )


def _card(account: AccountStatus, now: float, *, is_short: bool) -> str:
    vendor, name = account.vendor, account.account
    high = sum(quota.share is not None and quota.share > words.HIGH_SHARE for quota in account.quotas)
    quotas = account.quotas[: min(_MOST_QUOTAS, max(1, high)) if is_short else _MOST_QUOTAS]
    more = len(account.quotas) - len(quotas)
    path = escape(account_path(vendor, name))
    rest = f'<p class="soft"><a href="{path}">{more} more quota{"s"[: more > 1]}</a></p>' if more > 0 else ""
    count = len(account.notices)
    notices = f'<p class="soft"><a href="{path}">{count} notice{"s"[: count != 1]}</a></p>' if count else ""
    return (
        f'<section class="card {account.state}"><div class="head"><h2><a href="{path}">{escape(vendor)}/{escape(name)}'
        f"</a></h2>{state(account, now)}"
        f'<span class="soft">{times(account, now)}</span></div>'
        f"{trouble(account, now)}{quota_rows(quotas, now)}{rest}{notices}</section>"
    )


def state(account: AccountStatus, now: float) -> str:
    """Return an account's state in a word or two."""
    if account.state != "failing":
        text = "up" if account.state == "up" else "not polled yet"
        shown = ", last reading shown" if account.state == "waiting" and account.shown_until is not None else ""
        return f'<span class="state {account.state}">{text}{shown}</span>'
    since = ""
    if account.failing_since is not None:
        since = f" for {moment(account.failing_since, words.span(now - account.failing_since))}"
    shown = "last reading shown" if account.shown_until is not None else "nothing shown"
    return f'<span class="state">failing ({escape(account.reason or "unknown")}){since}, {shown}</span>'


def times(account: AccountStatus, now: float) -> str:
    """Return when an account was read, and when it is polled next."""
    read = f"read {ago(account.read_at, now)}" if account.read_at is not None else "no reading yet"
    polled = f"next poll {until(account.next_poll_at, now)}" if account.next_poll_at else "being polled now"
    return f"{read}, {polled}"


def trouble(account: AccountStatus, now: float) -> str:
    """Return why an account fails, until when its figures are shown, and what to do; empty if it does not fail."""
    if account.state != "failing":
        return ""
    polls = f"{account.failures} poll{'s'[: account.failures != 1]} failed in a row" if account.failures else ""
    withdrawn = ""
    if account.shown_until is not None:
        withdrawn = f"; its figures are withdrawn {until(account.shown_until, now)}"
    said = f'<p class="error">{escape(account.error or "")}</p>'
    advice = advice_for(account.reason)
    return said + f'<p class="soft">{polls}{withdrawn}. {escape(advice)}</p>'


def quota_rows(quotas: Iterable[QuotaStatus], now: float) -> str:
    """Return a row for each quota, with a bar for its share."""
    return "".join(_quota_row(quota, now) for quota in quotas)


def _quota_row(quota: QuotaStatus, now: float) -> str:
    share = quota.share
    used_up = quota.limit is not None and quota.used >= quota.limit
    is_bad = used_up or (share is not None and share > _CRITICAL_SHARE)
    kind = " bad" if is_bad else " warn" if share is not None and share > words.HIGH_SHARE else ""
    filled = min(_FULL, max(0.0, share * _FULL)) if share is not None else _FULL * used_up
    bar = f'<div class="bar"><i style="width:{filled:.1f}%"></i></div>' if quota.limit is not None else "<div></div>"
    unit = f" {quota.unit}" if quota.unit else ""
    limit = f" of {words.amount(quota.limit)}" if quota.limit is not None else ""
    subject = f' <span class="soft">{escape(quota.subject)}</span>' if quota.subject else ""
    return (
        f'<div class="quota{kind}"><div>{escape(quota.quota)}{subject}</div>{bar}'
        f'<div class="share">{words.percent(share)}</div>'
        f'<div class="amounts">{escape(words.amount(quota.used) + limit + unit)}</div>'
        f'<div class="lasts">{_lasts(quota, now)}</div></div>'
    )


def _lasts(quota: QuotaStatus, now: float) -> str:
    """Return which comes first: when the quota runs out, or when it resets."""
    if quota.outlook == "runs_out" and quota.lasts_until is not None:
        return moment(quota.lasts_until, f"lasts {words.span(quota.lasts_until - now)}")
    if quota.period_end is None:
        return ""
    return moment(quota.period_end, f"resets in {words.span(quota.period_end - now)}")
