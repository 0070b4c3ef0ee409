"""The landing page: failing accounts, then quotas, then other accounts. Less urgent lines are folded."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from exporter.status import words
from exporter.status.advice import advice_for
from exporter.status.document import AccountStatus, ConfigStatus, QuotaStatus, Status
from exporter.status.urgency import URGENT, ranked_quotas
from exporter.web.html import ago, moment, page, until

_FEW: Final = 10
"""The number of lines at the top of a list that are never folded."""
_FOLDED: Final = 500
"""The maximum number of folded quotas. Further quotas are shown only on the pages of their accounts."""
_KINDS: Final = {"used_up": " bad", "critical": " bad", "warning": " warn", "unknown": " old"}
_FULL: Final = 100.0


def account_path(vendor: str, account: str) -> str:
    """Return the path of an account's page. The names of vendors and accounts need no escaping."""
    return f"/accounts/{vendor}/{account}"


def landing_page(status: Status, telemetry_path: str, *, has_config: bool) -> str:
    """Return the landing page as HTML, with all foreign text escaped.

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
    started = f"{escape(status.version)}, started {ago(status.started_at, status.now)}{part}"
    return page(
        "usage-exporter",
        "\n".join(
            [
                f"<h1>usage-exporter <small>{started}</small></h1>",
                f'<p class="summary">{escape(words.summary(status))}; configuration read {ago(read, status.now)}</p>',
                "<nav>" + "".join(f'<a href="{escape(path)}">{name}</a>' for path, name in links) + "</nav>",
                _refused(status.configuration, status.now),
                *(_card(account, status.now) for account in status.accounts if account.state == "failing"),
                _quotas(status),
                _accounts(status),
            ]
        ),
    )


def _refused(config: ConfigStatus, now: float) -> str:
    if config.accepted:
        return ""
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in config.problems)
    return (
        '<section class="card refused"><h2>The last reload of the configuration was refused</h2>'
        f"<ul>{problems}</ul><p>The configuration read {ago(config.accepted_at, now)} stays in use.</p></section>"
    )


def _card(account: AccountStatus, now: float) -> str:
    return (
        f'<section class="card {account.state}"><div class="head"><h2>{_link(account)}</h2>{state(account, now)}'
        f'<span class="soft">{times(account, now)}</span></div>{trouble(account, now)}</section>'
    )


def _link(account: AccountStatus) -> str:
    path = escape(account_path(account.vendor, account.account))
    return f'<a href="{path}">{escape(account.vendor)}/{escape(account.account)}</a>'


def _quotas(status: Status) -> str:
    ranked = ranked_quotas(status)
    urgent = sum(quota.urgency in URGENT for _, quota in ranked)
    rows = [_quota_row(quota, status.now, _link(account)) for account, quota in ranked[: max(urgent, _FEW) + _FOLDED]]
    return _section("Quotas", rows, len(ranked), max(urgent, _FEW), "quotas below warning")


def _accounts(status: Status) -> str:
    others = [account for account in status.accounts if account.state != "failing"]
    waiting = sum(account.state == "waiting" for account in others)
    rows = [_account_row(account, status.now) for account in others]
    title = "Other accounts" if len(others) < len(status.accounts) else "Accounts"
    return _section(title, rows, len(rows), max(waiting, _FEW), "accounts that are up")


def _section(title: str, rows: list[str], total: int, opened: int, what: str) -> str:
    """Return a section with the first `opened` rows shown and the other rows folded; empty if there are no rows."""
    if not rows:
        return ""
    folded, beyond = rows[opened:], total - len(rows)
    more = f'<p class="soft">{beyond:,} more on the pages of their accounts.</p>' if beyond > 0 else ""
    hidden = f"<details><summary>{total - opened:,} more {what}</summary>{''.join(folded)}{more}</details>"
    return f"<h2>{title}</h2>{''.join(rows[:opened])}{hidden if folded else ''}"


def _account_row(account: AccountStatus, now: float) -> str:
    quotas, notices = len(account.quotas), len(account.notices)
    parts = [f"{count} {what}{'s'[: count != 1]}" for count, what in ((quotas, "quota"), (notices, "notice")) if count]
    return (
        f'<div class="account {account.state}"><div>{_link(account)}</div>{state(account, now)}'
        f'<div class="soft">{", ".join(parts)}</div><div class="soft">{times(account, now)}</div></div>'
    )


def state(account: AccountStatus, now: float) -> str:
    """Return an account's state in a few words, as HTML."""
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
    """Return why an account fails, until when its figures are shown, and what to do; empty if it works."""
    if account.state != "failing":
        return ""
    polls = f"{account.failures} poll{'s'[: account.failures != 1]} failed in a row" if account.failures else ""
    withdrawn = ""
    if account.shown_until is not None:
        withdrawn = f"; its figures are withdrawn {until(account.shown_until, now)}"
    message = f'<p class="error">{escape(account.error or "")}</p>'
    advice = advice_for(account.reason)
    return message + f'<p class="soft">{polls}{withdrawn}. {escape(advice)}</p>'


def quota_rows(quotas: Iterable[QuotaStatus], now: float) -> str:
    """Return a row for each quota, with a bar for its share."""
    return "".join(_quota_row(quota, now) for quota in quotas)


def _quota_row(quota: QuotaStatus, now: float, whose: str = "") -> str:
    share = quota.share
    kind = _KINDS.get(quota.urgency, "")
    filled = min(_FULL, max(0.0, share * _FULL)) if share is not None else _FULL * (quota.urgency == "used_up")
    bar = f'<div class="bar"><i style="width:{filled:.1f}%"></i></div>' if quota.limit is not None else "<div></div>"
    unit = f" {quota.unit}" if quota.unit else ""
    limit = f" of {words.amount(quota.limit)}" if quota.limit is not None else ""
    who = f"{whose} " if whose else ""
    subject = f" of {_whose(quota)}" if quota.subject else ""
    return (
        f'<div class="quota{kind}"><div>{who}{escape(quota.quota)}{subject}</div>{bar}'
        f'<div class="share">{words.percent(share)}</div>'
        f'<div class="amounts">{escape(words.amount(quota.used) + limit + unit)}</div>'
        f'<div class="lasts">{_lasts(quota, now)}</div></div>'
    )


def _whose(quota: QuotaStatus) -> str:
    """Return the name of the quota's subject with the beginning of the id, or only the id if there is no name."""
    whole = escape(quota.subject)
    if not quota.subject_name:
        return f'<span class="soft">{whole}</span>'
    return f'{escape(quota.subject_name)} <span class="soft id" title="{whole}">{whole}</span>'


def _lasts(quota: QuotaStatus, now: float) -> str:
    """Return when the quota runs out or resets, whichever comes first; empty if unknown."""
    if quota.outlook == "runs_out" and quota.lasts_until is not None:
        return moment(quota.lasts_until, f"lasts {words.span(quota.lasts_until - now)}")
    if quota.period_end is None:
        return ""
    return moment(quota.period_end, f"resets in {words.span(quota.period_end - now)}")
