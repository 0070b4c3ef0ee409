"""Prolifi: events by type and customer, how fresh they are, and entitlements."""

from __future__ import annotations

from grafana.source.board import Board, PanelBuilder
from grafana.source.panels import SHARE, THRESHOLDS, About, Query, daily, lines, number, ranking, small
from grafana.source.promql import chosen, count, day_of_gauge, highest, leaders, named, now, one, series, total
from grafana.source.quota_columns import DAYS, NEVER_POLLED, NO_LIMIT, SECONDS
from grafana.source.tables import Column, Label, link_to, rows
from grafana.source.variables import variables

_EVENT = "account, customer_id, event_name"
_WHO = "account, customer_id"
_FEATURE = "account, customer_id, feature"
_CUSTOMER = chosen("account", "customer_id")
_NO_EVENTS = "No events yet"
_NO_ENTITLEMENTS = "Entitlements are not read"
_WEEK = 7 * 86400
_SILENT = ((None, "green"), (86400, "yellow"), (_WEEK, "red"))


def _event(metric: str) -> str:
    return one(_EVENT, series(metric, *_CUSTOMER))


def _feature(metric: str) -> str:
    return one(_FEATURE, series(metric, *_CUSTOMER))


_EVENTS = _event("prolifi_event_count")
_COMPANIES = series("prolifi_customer_info", *_CUSTOMER)
_TYPES = total("account, event_name", _EVENTS)
_LAST = _event("prolifi_event_last_reported_timestamp_seconds")
_SHARE = f"{_feature('prolifi_entitlement_used')} / ({_feature('prolifi_entitlement_limit')} > 0)"


def board() -> Board:
    """Return the board."""
    made = Board(
        "vu-prolifi",
        "Vendor usage / Prolifi",
        "Events that customers reported to Prolifi, by type, their age, and what is left of entitlements.",
        variables("prolifi_event_count", "account", "customer_id"),
        starts=one("account", series("prolifi_window_start_timestamp_seconds", *_CUSTOMER[:1])),
        whose="{{account}}",
    )
    made.row("Now", _now())
    made.row("Events", [_by_type(), _per_day()], [_customers(), _freshness()])
    return made.row("Entitlements", [_entitlements()], [_ranking(), _used()])


def _now() -> list[PanelBuilder]:
    return [
        number(
            small(
                title="Customers",
                description="Customers whose events are counted. Empty if no account was ever polled.",
                unit="short",
                nothing=NEVER_POLLED,
            ),
            Query(f"count({one('account, customer_id', _EVENTS)})"),
        ),
        number(
            small(
                title="Event types",
                description="Types of counted events, over all customers. Empty if no account was ever polled.",
                unit="short",
                nothing=NEVER_POLLED,
            ),
            Query(f"count({one('account, event_name', _EVENTS)})"),
        ),
        number(
            small(
                title="Newest event",
                description="How long ago the newest event of any type was reported. Empty if there was none.",
                unit=SECONDS,
                nothing=_NO_EVENTS,
                width=5,
                steps=_SILENT,
                decimals=1,
            ),
            Query(f"min(time() - {_LAST})"),
        ),
        number(
            small(
                title="Silent for a week",
                description="Customers whose newest event of any type is older than a week. Empty if there are no"
                " events yet.",
                unit="short",
                nothing=_NO_EVENTS,
                steps=((None, "green"), (1, "yellow")),
            ),
            Query(
                count(f"time() - {one('account, customer_id', _LAST)} > {_WEEK}", one("account, customer_id", _LAST))
            ),
        ),
        number(
            small(
                title=f"Entitlements at {100 * THRESHOLDS.quota_warning:g} % or more",
                description="Customers' features at or above that share. Empty if entitlements are not read, or none"
                " has a limit.",
                unit="short",
                nothing=NO_LIMIT,
                width=7,
                steps=((None, "green"), (1, "yellow")),
            ),
            Query(count(f"{_SHARE} >= {THRESHOLDS.quota_warning:g}", _SHARE)),
        ),
    ]


def _by_type() -> PanelBuilder:
    about = About(
        title="Events in the window, by type",
        description="Events of each type in the account's window: all time, this month, or the last days. Types are"
        " never added up. Empty if no account was ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
        height=11,
    )
    return lines(about, Query(leaders(20, _TYPES), "{{account}} {{event_name}}"))


def _per_day() -> PanelBuilder:
    about = About(
        title="Events per day, by type",
        description="Events per UTC day, across the start of a month; today is incomplete. If the window is a number"
        " of days, the increase of the window's count. Empty if no account was polled for two days.",
        unit="short",
        nothing=NEVER_POLLED,
        height=11,
    )
    each = day_of_gauge(_EVENT, series("prolifi_event_count", *_CUSTOMER))
    leading = leaders(20, total("account, event_name", each), f"max_over_time(({_TYPES})[$__range:1h] @ end())")
    return daily(about, Query(leading, "{{account}} {{event_name}}"))


def _customers() -> PanelBuilder:
    about = About(
        title="Top 10 event counts, by customer and type",
        description="The ten highest counts of one customer and event type, in the account's window. Empty if no"
        " account was ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
        width=10,
        height=14,
    )
    return ranking(about, Query(highest(10, _EVENTS), "{{account}} {{customer_id}} {{event_name}}"))


def _freshness() -> PanelBuilder:
    about = About(
        title="Last reported, longest ago first",
        description="How long ago each customer last reported each type of event, and the number of events in the"
        " window. A type that was never reported has no time. Empty if no account was ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
        width=14,
        height=14,
    )
    labels = (
        Label("account", "Account", 100),
        Label("customer_id", "Customer"),
        Label("name", "Name", 155),
        Label("event_name", "Event", 160),
    )
    events = series("prolifi_event_count", *_CUSTOMER)
    answers = [
        Column(title="Events", query=named(_EVENTS, _WHO, "name", _COMPANIES, events), width=90),
        Column(
            title="Last reported",
            query=f"time() - {_LAST}",
            unit=DAYS,
            nothing="Never",
            width=120,
            steps=_SILENT,
            decimals=0,
        ),
    ]
    return rows(about, labels, answers, worst="Last reported")


def _entitlements() -> PanelBuilder:
    about = About(
        title="Entitlements, most used first",
        description="What each customer has used of each feature since its last reset. Empty if the account does not"
        " read entitlements.",
        unit="short",
        nothing=_NO_ENTITLEMENTS,
        width=24,
        height=12,
    )
    depth = f"{link_to('vu-quota', 'account', quota='feature', subject='customer_id')}&var-vendor=prolifi"
    labels = (
        Label("account", "Account", 140),
        Label("customer_id", "Customer"),
        Label("name", "Name", 160),
        Label("feature", "Feature", 200, (("${__value.raw} in depth", depth),)),
    )
    used = _feature("prolifi_entitlement_used")
    reset = f"{_feature('prolifi_entitlement_reset_timestamp_seconds')} - time() > 0"
    answers = [
        Column(title="Used", query=named(used, _WHO, "name", _COMPANIES, used), width=110),
        Column(title="Limit", query=_feature("prolifi_entitlement_limit"), width=120, nothing=NO_LIMIT),
        Column(title="Share", query=_SHARE, unit="percentunit", width=240, nothing=NO_LIMIT, gauge=True, decimals=1),
        Column(title="Left", query=_feature("prolifi_entitlement_remaining"), width=110),
        Column(
            title="Unlimited",
            query=_feature("prolifi_entitlement_unlimited"),
            width=110,
            values=(("0", "No", "text"), ("1", "Yes", "blue")),
        ),
        Column(title="Resets in", query=reset, unit=DAYS, width=160, nothing="Never", decimals=1),
    ]
    return rows(about, labels, answers, worst="Share")


def _ranking() -> PanelBuilder:
    about = About(
        title="Top 10 by share, by customer and feature",
        description="The ten entitlements with the highest share used. Empty if the account does not read"
        " entitlements, or none has a limit.",
        unit="percentunit",
        nothing=_NO_ENTITLEMENTS,
        height=14,
        steps=SHARE,
        decimals=1,
    )
    return ranking(about, Query(highest(10, _SHARE), "{{account}} {{customer_id}} {{feature}}")).max(1)


def _used() -> PanelBuilder:
    about = About(
        title="Share used over time, top 10",
        description="The share used over time, of the entitlements that are highest now; alerts start at the dashed"
        " lines. Empty if the account does not read entitlements.",
        unit="percentunit",
        nothing=_NO_ENTITLEMENTS,
        height=14,
        steps=SHARE,
    )
    return lines(about, Query(leaders(10, _SHARE, now(_SHARE)), "{{account}} {{customer_id}} {{feature}}"))
