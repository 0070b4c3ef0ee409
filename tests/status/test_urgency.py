"""How urgent a quota is, and the order that follows."""

import pytest

from exporter.status.document import AccountStatus, QuotaStatus, Status, Urgency
from exporter.status.urgency import ranked_quotas, urgency_of

OWN = {"warning": 0.5, "critical": 0.6}


@pytest.mark.parametrize(
    ("used", "limit", "shares", "is_known", "expected"),
    [
        (79, 100, {}, True, "well"),
        (80, 100, {}, True, "warning"),
        (95, 100, {}, True, "critical"),
        (100, 100, {}, True, "used_up"),
        (0, 0, {}, True, "well"),  # nothing is allowed, and nothing used
        (1, 0, {}, True, "used_up"),
        (1e9, None, {}, True, "no_limit"),
        (55, 100, OWN, True, "warning"),
        (65, 100, OWN, True, "critical"),
        (79, 100, {}, False, "unknown"),
        (79, None, {}, False, "unknown"),
        (80, 100, {}, False, "warning"),  # what was over a threshold stays there until somebody knows better
        (100, 100, {}, False, "used_up"),
    ],
)
def test_a_quota_is_urgent(
    used: float, limit: float | None, shares: dict[str, float], is_known: bool, expected: Urgency
) -> None:
    assert urgency_of(used, limit, shares.items(), is_known=is_known) == expected


def test_the_most_urgent_stands_first_whosever_it_is_and_then_the_fullest() -> None:
    given: list[tuple[str, float, Urgency]] = [
        ("a", 10, "no_limit"), ("a", 30, "well"), ("b", 40, "well"), ("b", 1, "unknown"), ("a", 55, "warning"),
        ("b", 96, "critical"), ("a", 97, "critical"), ("b", 100, "used_up"),
    ]  # fmt: skip
    accounts = tuple(
        AccountStatus(
            vendor="v", account=name, state="up",
            quotas=tuple(
                QuotaStatus(quota="q", used=used, limit=None if urgency == "no_limit" else 100, urgency=urgency)
                for whose, used, urgency in given
                if whose == name
            ),
        )
        for name in ("a", "b")
    )  # fmt: skip

    ranked = ranked_quotas(Status(version="1", now=0, accounts=accounts))

    assert [(account.account, quota.used) for account, quota in ranked] == [
        ("b", 100), ("a", 97), ("b", 96), ("a", 55), ("b", 1), ("b", 40), ("a", 30), ("a", 10),
    ]  # fmt: skip
