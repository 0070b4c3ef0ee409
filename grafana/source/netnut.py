"""NetNut: traffic of plans and of sub-users."""

from __future__ import annotations

from grafana.source.board import Board, PanelBuilder
from grafana.source.panels import SHARE, THRESHOLDS, About, Query, days, lines, number, ranking, small
from grafana.source.promql import chosen, count, day_of_counter, highest, leaders, one, series, total
from grafana.source.quota_columns import DAYS, NEVER_POLLED, NO_LIMIT, NO_PERIOD, SECONDS
from grafana.source.tables import Column, Label, field_of, link_to, rows
from grafana.source.variables import variables

_PLAN = "account, plan_id, product_type"
_SUB_USER = "account, sub_user_id, plan_id, product_type"
_NAME = "{{account}} {{product_type}} {{plan_id}}"
_NO_SUB_USERS = "No sub-users asked for"
_ACCOUNT = chosen("account")


def _plan(metric: str) -> str:
    return one(_PLAN, series(metric, *_ACCOUNT))


def _sub_user(metric: str) -> str:
    return one(_SUB_USER, series(metric, *_ACCOUNT))


_USED, _LIMIT = _plan("netnut_gb_used"), _plan("netnut_plan_gb")
_SHARE = f"{_USED} / ({_LIMIT} > 0)"
_ENDS = f"{_plan('netnut_plan_end_timestamp_seconds')} - time() > 0"
_SUB_SHARE = f"{_sub_user('netnut_sub_user_gb_used')} / ({_sub_user('netnut_sub_user_plan_gb')} > 0)"


def board() -> Board:
    """Return the board."""
    made = Board(
        "vu-netnut",
        "Vendor usage / NetNut",
        "Traffic of NetNut plans: the use of each plan, by day, account and sub-user.",
        variables("netnut_gb_used", "account"),
        starts=_plan("netnut_plan_start_timestamp_seconds"),
        whose=_NAME,
    )
    made.row("Now", _now())
    made.row("Plans", [_plans()], [_used(), _per_day()], [_ranking(), _requests()])
    return made.row("Sub-users", [_sub_users(), _sub_user_ranking()])


def _now() -> list[PanelBuilder]:
    return [
        number(
            small(
                title="GB used in running plans",
                description="Traffic used so far in the plans of each account. Empty if no plan was ever polled.",
                unit="decgbytes",
                nothing=NEVER_POLLED,
                width=8,
            ),
            Query(total("account", _USED), "{{account}}"),
        ),
        number(
            small(
                title="GB left in running plans",
                description="Traffic left in each account's plans that have a limit. Empty if no plan has a limit.",
                unit="decgbytes",
                nothing=NO_LIMIT,
                width=8,
            ),
            Query(total("account", f"clamp_min({_LIMIT} - {_USED}, 0)"), "{{account}}"),
        ),
        number(
            small(
                title=f"Plans at {100 * THRESHOLDS.quota_warning:g} % or more",
                description="Plans at or above that share, including used-up ones. Empty if no plan has a limit.",
                unit="short",
                nothing=NO_LIMIT,
                steps=((None, "green"), (1, "yellow")),
            ),
            Query(count(f"{_SHARE} >= {THRESHOLDS.quota_warning:g}", _SHARE)),
        ),
        number(
            small(
                title="Next plan ends in",
                description="Time until the first plan ends. Empty if no plan has a known end.",
                unit=SECONDS,
                nothing=NO_PERIOD,
                decimals=1,
            ),
            Query(f"min({_ENDS})"),
        ),
    ]


def _plans() -> PanelBuilder:
    about = About(
        title="Plans, most used first",
        description="Every plan, with the share that NetNut reports and the share computed from its figures, which"
        " may differ. Empty if no plan was ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
        width=24,
        height=9,
    )
    reported = _plan("netnut_reported_usage_ratio")
    subject = f"{field_of('plan_id')}%2F{field_of('product_type')}"
    depth = (
        (
            "The plan in depth",
            f"{link_to('vu-quota', 'account')}&var-vendor=netnut&var-quota=traffic&var-subject={subject}",
        ),
    )
    labels = (
        Label("account", "Account", 140),
        Label("product_type", "Product", 180),
        Label("plan_id", "Plan", 0, depth),
    )
    answers = [
        Column(title="Used", query=_USED, unit="decgbytes", width=120),
        Column(title="Plan size", query=_LIMIT, unit="decgbytes", width=130, nothing=NO_LIMIT),
        Column(title="Share", query=_SHARE, unit="percentunit", width=240, nothing=NO_LIMIT, gauge=True, decimals=1),
        Column(
            title="Reported share", query=reported, unit="percentunit", width=140, nothing="Not reported", decimals=1
        ),
        Column(title="Requests", query=_plan("netnut_requests_used"), width=120),
        Column(title="Ends in", query=_ENDS, unit=DAYS, width=160, nothing="Ended", decimals=1),
        Column(
            title="Active",
            query=_plan("netnut_plan_active"),
            width=90,
            values=(("0", "No", "orange"), ("1", "Yes", "green")),
        ),
    ]
    return rows(about, labels, answers, worst="Share")


def _used() -> PanelBuilder:
    about = About(
        title="GB used, by plan",
        description="Traffic used in each plan since it began, and its size (dashed); a renewal is a new plan. At"
        " most the 20 highest. Empty if no plan was ever polled.",
        unit="decgbytes",
        nothing=NEVER_POLLED,
        height=11,
    )
    return lines(about, Query(leaders(20, _USED), _NAME), Query(leaders(20, _LIMIT), f"Limit: {_NAME}"))


def _per_day() -> PanelBuilder:
    consumed = series("usage_quota_consumed_total", 'vendor="netnut"', 'quota="traffic"', *_ACCOUNT)
    about = About(
        title="GB per day, by account",
        description="Traffic used per UTC day, across renewals and corrections; today is incomplete. Empty if no plan"
        " was polled twice.",
        unit="decgbytes",
        nothing=NEVER_POLLED,
        height=11,
    )
    return days(about, Query(total("account", day_of_counter("account, subject", consumed)), "{{account}}"))


def _ranking() -> PanelBuilder:
    about = About(
        title="Top 10 by share, by plan",
        description="The ten plans with the highest share used. Empty if no plan has a limit.",
        unit="percentunit",
        nothing=NO_LIMIT,
        steps=SHARE,
        decimals=1,
    )
    return ranking(about, Query(highest(10, _SHARE), _NAME)).max(1)


def _requests() -> PanelBuilder:
    about = About(
        title="Requests, by plan",
        description="Requests in each plan since it began; at most the 20 highest. Empty if no plan was ever polled.",
        unit="short",
        nothing=NEVER_POLLED,
    )
    return lines(about, Query(leaders(20, _plan("netnut_requests_used")), _NAME))


def _sub_users() -> PanelBuilder:
    about = About(
        title="GB used, by sub-user",
        description="Traffic that each sub-user has used in a plan since the plan began; at most the 20 highest."
        " Empty if the account does not read sub-users.",
        unit="decgbytes",
        nothing=_NO_SUB_USERS,
        height=11,
    )
    name = "{{account}} {{sub_user_id}} {{product_type}} {{plan_id}}"
    return lines(about, Query(leaders(20, _sub_user("netnut_sub_user_gb_used")), name))


def _sub_user_ranking() -> PanelBuilder:
    about = About(
        title="Top 10 by share, by sub-user",
        description="The ten plans of sub-users with the highest share used. Empty if the account does not read"
        " sub-users, or their plans have no limit.",
        unit="percentunit",
        nothing=_NO_SUB_USERS,
        height=11,
        steps=SHARE,
        decimals=1,
    )
    return ranking(about, Query(highest(10, _SUB_SHARE), "{{account}} {{sub_user_id}} {{plan_id}}")).max(1)
