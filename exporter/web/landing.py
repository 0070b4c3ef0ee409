"""The page that a person sees at `/`: the version, each account with its state, and where the metrics are."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Final

from exporter import __version__
from exporter.store.snapshot import AccountKey, Snapshot
from exporter.store.store import Store

HEADERS: Final = (
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>usage-exporter</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1f2430; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #d8dce6; }}
.up {{ color: #1a7f37; }} .down {{ color: #b42318; }} .waiting {{ color: #6b7280; }}
</style>
</head>
<body>
<h1>usage-exporter {version}</h1>
<p><a href="{path}">Metrics</a></p>
<table>
<thead><tr><th>Vendor</th><th>Account</th><th>State</th><th>Last success</th><th>Next poll</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
<p>Times are UTC.</p>
</body>
</html>
"""


def landing_page(store: Store, telemetry_path: str, now: float) -> str:
    """Return the page as of `now` (monotonic); what is not ours is escaped."""
    rows = "\n".join(_row(key, snapshot, now) for key, snapshot in store)
    return _PAGE.format(version=escape(__version__), path=escape(telemetry_path), rows=rows)


def _row(key: AccountKey, snapshot: Snapshot, now: float) -> str:
    kind, state = _state(snapshot, now)
    vendor, account = map(escape, key)
    return (
        f'<tr><td>{vendor}</td><td>{account}</td><td class="{kind}">{escape(state)}</td>'
        f"<td>{_time(snapshot.read_at)}</td><td>{_time(snapshot.next_attempt_at)}</td></tr>"
    )


def _state(snapshot: Snapshot, now: float) -> tuple[str, str]:
    if not snapshot.polled:
        return "waiting", "not polled yet" + (", last reading shown" if snapshot.is_visible(now) else "")
    if snapshot.error is None:
        return "up", "up"
    shown = "last reading shown" if snapshot.is_visible(now) else "nothing shown"
    return "down", f"failing ({snapshot.error.reason}), {shown}"


def _time(moment: float | None) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}" if moment is not None else "-"
