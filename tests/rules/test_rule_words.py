"""What alerts on quotas say, in whole."""

from pathlib import Path

import pytest
from rule_courses import Course, Quota, always
from rule_runs import hold_in_prometheus, hold_in_vmalert
from rule_words import Words, spoken

WORDS = {
    "used up, with days to go": Words(
        course=Course(quotas=(Quota(used=always(1042.54)),), hours=0.5),
        alert="UsageQuotaExhausted",
        severity="critical",
        summary="netnut/main: traffic of 48211: 1,042.5 of 1,000 GB used (104.3%), resets in 13d 23h",
        description="netnut/main: traffic of 48211: 1,042.5 of 1,000 GB used (104.3%), resets in 13d 23h. The"
        " vendor may"
        " refuse, or charge for, what is used from now on.",
    ),
    "used up, with hours to go": Words(
        course=Course(quotas=(Quota(used=always(1234567), limit=always(1200000), ends=always(5.75)),), hours=0.5),
        alert="UsageQuotaExhausted",
        severity="critical",
        summary="netnut/main: resets in 5h 15m: traffic of 48211: 1,234,567 of 1,200,000 GB used (102.9%)",
        description="netnut/main: resets in 5h 15m: traffic of 48211: 1,234,567 of 1,200,000 GB used (102.9%). The"
        " vendor may refuse, or charge for, what is used from now on.",
    ),
    "out of sight for hours": Words(
        course=Course(quotas=(Quota(used=always(850), polls=lambda hour: hour < 0.5),), hours=2),
        alert="UsageQuotaHigh",
        severity="warning",
        summary="netnut/main: traffic of 48211: 850 of 1,000 GB used (85%), resets in 13d 22h",
        description="netnut/main: traffic of 48211: 850 of 1,000 GB used (85%), resets in 13d 22h. The figure is 1h 35m"
        " old: the account is out of sight.",
    ),
    "of what has a name": Words(
        course=Course(quotas=(Quota(used=always(1042.54), name=lambda _: "{{ .Shop }} & Söhne"),), hours=0.5),
        alert="UsageQuotaExhausted",
        severity="critical",
        summary="netnut/main: traffic of 48211 ({{ .Shop }} & Söhne): 1,042.5 of 1,000 GB used (104.3%), resets in 13d"
        " 23h",
        description="netnut/main: traffic of 48211 ({{ .Shop }} & Söhne): 1,042.5 of 1,000 GB used (104.3%), resets in"
        " 13d 23h. The vendor may refuse, or charge for, what is used from now on.",
    ),
    "of what was renamed a moment ago, beside two others": Words(
        course=Course(
            quotas=(
                Quota(used=always(1042.54), name=lambda hour: "Young" if hour < 0.4 else "Old"),
                Quota(used=always(10), subject="48212", name=lambda _: "Old"),
                Quota(used=always(10), subject="48213", name=lambda _: "Young"),
            ),
            hours=0.5,
        ),
        alert="UsageQuotaExhausted",
        severity="critical",
        summary="netnut/main: traffic of 48211 (Old): 1,042.5 of 1,000 GB used (104.3%), resets in 13d 23h",
        description="netnut/main: traffic of 48211 (Old): 1,042.5 of 1,000 GB used (104.3%), resets in 13d 23h. The"
        " vendor may refuse, or charge for, what is used from now on.",
    ),
    "of what has a name and is out of sight": Words(
        course=Course(quotas=(Quota(used=always(850), name=lambda _: "Shop", polls=lambda hour: hour < 0.5),), hours=2),
        alert="UsageQuotaHigh",
        severity="warning",
        summary="netnut/main: traffic of 48211 (Shop): 850 of 1,000 GB used (85%), resets in 13d 22h",
        description="netnut/main: traffic of 48211 (Shop): 850 of 1,000 GB used (85%), resets in 13d 22h. The figure is"
        " 1h 35m old: the account is out of sight.",
    ),
    "about to be used up": Words(
        course=Course(quotas=(Quota(used=lambda hour: 955 + hour, begins=always(-240), ends=always(480)),), hours=1),
        alert="UsageQuotaWillRunOut",
        severity="warning",
        summary="netnut/main: traffic of 48211: 956 of 1,000 GB used (95.6%), resets in 19d 23h, and will"
        " not last its period",
        description="netnut/main: traffic of 48211: 956 of 1,000 GB used (95.6%), resets in 19d 23h. At the"
        " period's end it would be at 285.6%. At the present pace it will be used up in 11h 5m.",
    ),
    "far too fast": Words(
        course=Course(quotas=(Quota(used=lambda hour: 20 + 160 * hour),), hours=2),
        alert="UsageQuotaBurnFast",
        severity="critical",
        summary="netnut/main: traffic of 48211: 340 of 1,000 GB used (34%), resets in 13d 22h, used far"
        " faster than usual",
        description="netnut/main: traffic of 48211: 340 of 1,000 GB used (34%), resets in 13d 22h. At the pace of the"
        " last six hours the rest will be gone in 11h 38m.",
    ),
    "nothing is allowed": Words(
        course=Course(quotas=(Quota(used=always(3), limit=always(0)),), hours=0.5),
        alert="UsageQuotaNotAllowed",
        severity="critical",
        summary="netnut/main: traffic of 48211: 3 GB used, but none is allowed, resets in 13d 23h",
        description="The limit of netnut/main: traffic of 48211 is 0, and it is used. The vendor may refuse, or charge"
        " for, all of it; or a plan lacks what it should have.",
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_in_prometheus_an_alert_says(name: str, generation: str, tmp_path: Path) -> None:
    hold_in_prometheus([spoken(name, WORDS[name])], generation, tmp_path)


@pytest.mark.live
@pytest.mark.parametrize("name", WORDS)
def test_in_vmalert_an_alert_says(name: str, tmp_path: Path) -> None:
    hold_in_vmalert([spoken(name, WORDS[name])], tmp_path)
