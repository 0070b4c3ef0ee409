"""Planship: levers by product and customer."""

from __future__ import annotations

from grafana.source.board import Board, PanelBuilder
from grafana.source.panels import SHARE, THRESHOLDS, TIME_LEFT, About, Query, daily, lines, number, ranking, small
from grafana.source.promql import chosen, count, day_of_counter, highest, leaders, one, series
from grafana.source.quota_columns import DAYS, NEVER_POLLED, NO_LIMIT, SECONDS
from grafana.source.tables import Column, Label, rows
from grafana.source.variables import variables

_LEVER = "account, product, customer_id, lever"
_SUBSCRIPTION = "account, product, customer_id, subscription_id, plan"
_CHOSEN = chosen("account", "product", "customer_id")
_NAME = "{{account}} {{product}} {{customer_id}} {{lever}}"
_NO_ENTITLEMENTS = "Entitlements are not read"
_NO_SUBSCRIPTIONS = "Subscriptions are not read"
_NO_BUCKETS = "Buckets are not read"


def _lever(metric: str) -> str:
    return one(_LEVER, series(metric, *_CHOSEN))


_USED, _LEFT = _lever("planship_lever_usage"), _lever("planship_entitlement_remaining")
_ALL = f"({_USED} + ({_LEFT} >= 0))"
_SHARE = f"{_USED} / ({_ALL} > 0)"
_RENEWS = one(_SUBSCRIPTION, series("planship_subscription_renew_timestamp_seconds", *_CHOSEN))


def board() -> Board:
    """Return the board."""
    made = Board(
        "vu-planship",
        "Vendor usage / Planship",
        "What Planship's customers use of each lever of each product, and what they have left.",
        variables("planship_lever_usage", "account", "product", "customer_id"),
        starts=_RENEWS,
        whose="{{account}} {{product}} {{customer_id}} {{plan}}",
    )
    made.row("Now", _now())
    made.row("Levers", [_levers()], [_ranking(), _per_day()], [_used()])
    return made.row("Subscriptions and buckets", [_renewals()], [_subscriptions()], [_buckets()])


def _now() -> list[PanelBuilder]:
    return [
        number(
            small(
                title="Customers",
                description="Customers whose levers are polled, each counted once. Empty if no account was ever"
                " polled.",
                unit="short",
                nothing=NEVER_POLLED,
                width=6,
            ),
            Query(f"count({one('account, customer_id', _USED)})"),
        ),
        number(
            small(
                title=f"Levers at {100 * THRESHOLDS.quota_warning:g} % or more",
                description="Customers' levers at or above that share. Empty if entitlements are not read.",
                unit="short",
                nothing=NO_LIMIT,
                width=6,
                steps=((None, "green"), (1, "yellow")),
            ),
            Query(count(f"{_SHARE} >= {THRESHOLDS.quota_warning:g}", _SHARE)),
        ),
        number(
            small(
                title="Levers with nothing left",
                description="Customers' levers with nothing left. Empty if entitlements are not read.",
                unit="short",
                nothing=_NO_ENTITLEMENTS,
                width=6,
                steps=((None, "green"), (1, "red")),
            ),
            Query(count(f"{_LEFT} == 0", _LEFT)),
        ),
        number(
            small(
                title="Next renewal in",
                description="Time until the first subscription renews. Empty if subscriptions are not read.",
                unit=SECONDS,
                nothing=_NO_SUBSCRIPTIONS,
                width=6,
                decimals=1,
            ),
            Query(f"min({_RENEWS} - time() > 0)"),
        ),
    ]


def _levers() -> PanelBuilder:
    about = About(
        title="Levers, most used first",
        description="What each customer has used of each lever in its period, and what is left. A lever without a"
        " limit has no share. Empty if no account was ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
        width=24,
        height=12,
    )
    labels = (
        Label("account", "Account", 140),
        Label("product", "Product", 140),
        Label("customer_id", "Customer"),
        Label("lever", "Lever", 180),
    )
    answers = [
        Column(title="Used", query=_USED, width=120),
        Column(title="Left", query=_LEFT, width=130, nothing=NO_LIMIT),
        Column(title="Total", query=_ALL, width=130, nothing=NO_LIMIT),
        Column(title="Share", query=_SHARE, unit="percentunit", width=260, nothing=NO_LIMIT, gauge=True, decimals=1),
    ]
    return rows(about, labels, answers, worst="Share")


def _ranking() -> PanelBuilder:
    about = About(
        title="Top 10 by share, by customer and lever",
        description="The ten levers with the highest share used. Empty if entitlements are not read.",
        unit="percentunit",
        nothing=_NO_ENTITLEMENTS,
        height=12,
        steps=SHARE,
        decimals=1,
    )
    return ranking(about, Query(highest(10, _SHARE), _NAME)).max(1)


def _per_day() -> PanelBuilder:
    used = series("usage_quota_consumed_total", 'vendor="planship"', *_CHOSEN[:1])
    about = About(
        title="Used per day, top 20 levers",
        description="Use of each metered lever per UTC day, across renewals; today is incomplete. Levers without an"
        " entitlement are not counted. Empty if entitlements are not read.",
        unit="short",
        nothing=_NO_ENTITLEMENTS,
        height=12,
    )
    by = "account, quota, subject, unit"
    each, rank = day_of_counter(by, used), one(by, f"increase({used}[$__range] @ end())")
    return daily(about, Query(leaders(20, each, rank), "{{account}} {{subject}} {{quota}}"))


def _used() -> PanelBuilder:
    about = About(
        title="Used, top 20 levers",
        description="What customers have used of their levers; each resets with its period. Empty if no account was"
        " ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
        width=24,
        height=12,
    )
    return lines(about, Query(leaders(20, _USED), _NAME))


def _buckets() -> PanelBuilder:
    of_bucket = one(f"{_LEVER}, bucket", series("planship_lever_bucket_usage", *_CHOSEN, 'bucket!="null"'))
    about = About(
        title="Top 10 buckets",
        description="Use per bucket that customers report in, such as their projects; use without a bucket is not"
        " shown. Empty if buckets are not read, or none is used.",
        unit="short",
        nothing=_NO_BUCKETS,
        width=24,
        height=12,
    )
    return ranking(about, Query(highest(10, of_bucket), "{{account}} {{customer_id}} {{lever}}: {{bucket}}"))


def _subscriptions() -> PanelBuilder:
    of = one(f"{_LEVER}, subscription_id", series("planship_lever_subscription_usage", *_CHOSEN))
    about = About(
        title="Usage by subscription, highest first",
        description="Use of each lever per subscription. Empty if subscriptions are not read.",
        unit="short",
        nothing=_NO_SUBSCRIPTIONS,
        width=24,
        height=10,
    )
    labels = (
        Label("account", "Account", 140),
        Label("product", "Product", 140),
        Label("customer_id", "Customer"),
        Label("lever", "Lever", 200),
        Label("subscription_id", "Subscription"),
    )
    return rows(about, labels, [Column(title="Used", query=of, width=140)], worst="Used")


def _renewals() -> PanelBuilder:
    about = About(
        title="Renewals, next first",
        description="When each subscription renews. Empty if subscriptions are not read.",
        unit="short",
        nothing=_NO_SUBSCRIPTIONS,
        width=24,
        height=9,
    )
    labels = (
        Label("account", "Account", 140),
        Label("product", "Product", 140),
        Label("customer_id", "Customer"),
        Label("plan", "Plan", 200),
        Label("subscription_id", "Subscription"),
    )
    answers = [
        Column(
            title="Renews in",
            query=f"{_RENEWS} - time()",
            unit=DAYS,
            nothing="Never",
            width=180,
            steps=TIME_LEFT,
            decimals=1,
        ),
    ]
    return rows(about, labels, answers, worst="Renews in", lowest=True)
