"""The pages that the landing page links to: each account with its quotas and recent polls, and the configuration."""

from __future__ import annotations

from html import escape

from exporter.status import words
from exporter.status.document import AccountStatus, PollStatus
from exporter.web.html import ago, moment, page, until
from exporter.web.landing import quota_rows, state, times, trouble

_HOME = '<nav><a href="/">All accounts</a></nav>'


def account_page(account: AccountStatus, now: float) -> str:
    """Return the page of an account, with all foreign text escaped."""
    title = f"{account.vendor}/{account.account}"
    calls = f", about {account.requests_per_day:,} requests a day" if account.requests_per_day is not None else ""
    dropped = f", {account.series_dropped:,} left out because of max_series" if account.series_dropped else ""
    quotas = quota_rows(account.quotas, now) or "<p>none</p>"
    ends = account.credential_expires_at
    credential = f", its credential ends {until(ends, now)}" if ends is not None else ""
    lines = "".join(f"<li>{escape(one)}</li>" for one in account.notices)
    noticed = f"<ul>{lines}</ul>" if lines else ""
    rows = "".join(_poll_row(poll, now) for poll in account.polls)
    return page(
        f"{title} - usage-exporter",
        f"<h1>{escape(title)}</h1>{_HOME}"
        f'<section class="card {account.state}"><div class="head">{state(account, now)}'
        f'<span class="soft">{times(account, now)}</span></div>{trouble(account, now)}'
        f'<p class="soft">{account.series:,} series{dropped}, polled every {words.span(account.interval)}{calls}'
        f"{credential}</p>"
        f"{noticed}</section><h2>Quotas</h2>{quotas}<h2>Last polls</h2>"
        '<div class="scroll"><table><thead><tr><th>Began</th><th class="number">Took</th><th>Requests</th>'
        f'<th class="number">Series</th><th>What was noticed</th></tr></thead><tbody>{rows}</tbody></table></div>',
    )


def _poll_row(poll: PollStatus, now: float) -> str:
    codes = ", ".join(f"{count} x {code}" for code, count in poll.codes.items()) or "none"
    noticed = f"{poll.error} ({poll.reason})" if poll.reason else ", ".join(poll.drift)
    series = f"{poll.series:,}" if poll.series is not None else "-"
    return (
        f"<tr><td>{moment(poll.began_at, words.ago(poll.began_at, now))}</td>"
        f'<td class="number">{poll.seconds:.2f} s</td><td>{escape(codes)}</td>'
        f'<td class="number">{series}</td><td>{escape(noticed)}</td></tr>'
    )


def configuration_page(text: str, accepted_at: float, now: float) -> str:
    """Return the page of the configuration in use, given as YAML without secrets."""
    return page(
        "Configuration - usage-exporter",
        f"<h1>Configuration</h1>{_HOME}<p>As read {ago(accepted_at, now)}, with every default filled in."
        f" Of secrets only the location is shown.</p><pre>{escape(text)}</pre>",
    )
