"""The exporter's present state, as numbers."""

from __future__ import annotations

from grafana.source.board import PanelBuilder
from grafana.source.panels import NONE_IS_GOOD, THRESHOLDS, Query, number, small
from grafana.source.promql import ACCOUNT, age, chosen, count, interval, one, series, up

_ACCOUNT = chosen("vendor", "account")


def _gauge(by: str, name: str) -> str:
    return one(by, series(f"usage_exporter_{name}", *_ACCOUNT))


def panels() -> list[PanelBuilder]:
    """Return the panels, one number each."""
    stale = f"{age(*_ACCOUNT)} > {THRESHOLDS.fresh_intervals:g} * {interval(*_ACCOUNT)}"
    working = up(*_ACCOUNT)
    refused = one(ACCOUNT, series("usage_exporter_account_failing", *_ACCOUNT, 'reason=~"auth|forbidden|secret"'))
    drift = _gauge(f"{ACCOUNT}, field, kind", "contract_drift")
    return [
        number(
            small(
                title="Exporters down",
                description="Exporters that Prometheus cannot scrape now. Empty if the selected job has no exporter.",
                unit="short",
                nothing="No exporter",
                steps=NONE_IS_GOOD,
            ),
            Query(count(f"{series('up')} == 0", series("up"))),
        ),
        number(
            small(
                title="Accounts",
                description="Polled accounts, each counted once, however many exporters poll it. Empty if there is no"
                " exporter.",
                unit="short",
                nothing="No exporter",
            ),
            Query(f"count({interval(*_ACCOUNT)})"),
        ),
        number(
            small(
                title="Failing accounts",
                description="Accounts whose last poll failed, on every exporter or on all replicas of a shard. Empty"
                " if there is no exporter.",
                unit="short",
                nothing="No exporter",
                steps=NONE_IS_GOOD,
            ),
            Query(count(f"{working} == 0", working)),
        ),
        number(
            small(
                title="Refused credentials",
                description="Accounts whose credentials do not work: a person must fix them. Empty if there is no"
                " exporter.",
                unit="short",
                nothing="No exporter",
                steps=NONE_IS_GOOD,
            ),
            Query(count(refused, working)),
        ),
        number(
            small(
                title="Stale accounts",
                description=f"Accounts without a good reading for {THRESHOLDS.fresh_intervals:g} of their poll"
                " intervals. Empty if there is no exporter.",
                unit="short",
                nothing="No exporter",
                steps=NONE_IS_GOOD,
            ),
            Query(count(stale, interval(*_ACCOUNT))),
        ),
        number(
            small(
                title="Accounts with drift",
                description="Accounts whose vendor's responses deviate from its contract. Empty if there is no"
                " exporter.",
                unit="short",
                nothing="No exporter",
                steps=((None, "green"), (1, "yellow")),
            ),
            Query(count(f"count by ({ACCOUNT}) ({drift} > 0)", working)),
        ),
    ]
