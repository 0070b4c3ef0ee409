"""The parts that all pages for people share: head, style, and times. The pages are static HTML without scripts."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Final

from exporter.status import words

HEADERS: Final = (
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1f2430; --soft: #5d6676; --line: #d8dce6; --paper: #fff; --card: #f6f7fa;
  --good: #1a7f37; --warn: #9a5b00; --bad: #b42318; --bar: #3b6fd4; --link: #1d56b8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ee; --soft: #9aa4b5; --line: #343b49; --paper: #14171d;
  --card: #1c2029; --good: #56c271; --warn: #e0a13c; --bad: #ff7b6b; --bar: #5b8def; --link: #8ab4ff; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1rem; color: var(--ink);
  background: var(--paper); overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0; } h1 small, .soft { color: var(--soft); font-weight: normal; font-size: .85rem; }
h2 { font-size: 1rem; } a { color: var(--link); } p { margin: .3rem 0; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: .4rem 0 1rem; }
.summary { font-size: 1.1rem; margin: .6rem 0; }
.card { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--good);
  border-radius: 4px; padding: .5rem .8rem; margin: .5rem 0; }
.card.failing, .card.refused { border-left-color: var(--bad); } .card.waiting { border-left-color: var(--soft); }
h2 { margin: 1.2rem 0 .3rem; } .card h2 { margin: 0; }
details { border-top: 1px solid var(--line); } summary { cursor: pointer; color: var(--link); padding: .35rem 0; }
.account { display: grid; grid-template-columns: minmax(9rem, 1.2fr) minmax(9rem, 1fr) minmax(8rem, 1fr) 20rem;
  gap: 0 .8rem; align-items: baseline; border-top: 1px solid var(--line); padding: .15rem 0; font-size: .9rem; }
.account > :last-child { text-align: right; }
.head { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; }
.head .soft { margin-left: auto; }
.state.up { color: var(--good); } .waiting .state { color: var(--soft); }
.failing .state, .refused h2 { color: var(--bad); }
.quota { display: grid; grid-template-columns: minmax(9rem, 4fr) minmax(5rem, 2fr) 3.2rem minmax(8rem, 1.7fr) 8rem;
  gap: 0 .8rem; align-items: center; border-top: 1px solid var(--line); padding: .15rem 0; font-size: .9rem; }
.id { display: inline-block; max-width: 9rem; overflow: clip; text-overflow: ellipsis; white-space: nowrap; }
.quota .share, .number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { background: var(--line); border-radius: 3px; height: .55rem; overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--bar); }
.warn .bar i { background: var(--warn); } .bad .bar i { background: var(--bad); }
.warn .share { color: var(--warn); } .bad .share { color: var(--bad); font-weight: 600; }
.old .bar i { background: var(--soft); } .old .share { color: var(--soft); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
pre { background: var(--card); border: 1px solid var(--line); padding: .8rem; overflow-x: auto; }
@media (max-width: 40rem) { body { padding: .6rem; }
  .quota { grid-template-columns: 1fr 3rem; } .quota .bar { grid-column: 1 / -1; order: 3; }
  .quota .amounts, .quota .lasts { order: 4; color: var(--soft); }
  .quota .lasts { justify-self: end; white-space: nowrap; }
  .quota { padding: .3rem 0; } .account { grid-template-columns: 1fr auto; padding: .3rem 0; }
  .account > :nth-child(n + 2) { text-align: right; } .account > :last-child { text-align: left; }
  .account > :nth-child(3) { order: 3; } .head .soft { margin-left: 0; width: 100%; } }
"""


def page(title: str, body: str) -> str:
    """Return a complete page as HTML. The `body` is HTML already."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def moment(at: float | None, text: str) -> str:
    """Return a text about a time as HTML, with the exact time as a tooltip."""
    if at is None:
        return escape(text)
    try:
        machine = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, OSError, ValueError):
        return escape(text)
    return f'<time datetime="{machine}" title="{words.absolute(at)}">{escape(text)}</time>'


def ago(at: float | None, now: float) -> str:
    """Return how long ago a time was."""
    return moment(at, words.ago(at, now)) if at is not None else "never"


def until(at: float | None, now: float) -> str:
    """Return how long it is until a time."""
    return moment(at, words.until(at, now)) if at is not None else "now"
