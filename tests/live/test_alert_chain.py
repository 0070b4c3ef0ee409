"""A quota is driven over its limit at a vendor: who is told, who is not, and that it ends when the plan is renewed."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from alert_chain import JOB, Notice, running_chain
from programs import eventually

from exporter.sandbox.netnut.accounts import ACCOUNTS

pytestmark = pytest.mark.timeout(300)  # several programs are waited for, one after the other

# The first plan of the sandbox's acme has 1,000 GB: 85 % are used on the 2nd, all on the 8th; the 9th renews it.
AT_85_PERCENT, OVER, RENEWED = (
    datetime(2026, 12, day, hour, tzinfo=UTC).timestamp() for day, hour in ((2, 8), (8, 12), (10, 0))
)
# Of the second plan's, 110 GB are used then, and 156 GB later: this quota has no warning before it is used up.
CONFIG = """
accounts:
  - vendor: netnut
    name: main
    base_url: URL/netnut/v1
    email: acme@example.com
    password: ${PASSWORD}
    interval: 1s
    quotas: [{name: cap, metric: netnut_gb_used, match: {plan_id: "42.*"}, limit: 150, unit: GB}]
  - vendor: netnut
    name: locked
    base_url: URL/netnut/v1
    email: acme@example.com
    password: ${WRONG_PASSWORD}
    interval: 1s
"""
SECRETS = {"PASSWORD": ACCOUNTS["acme"].password, "WRONG_PASSWORD": "not-the-password"}

WARNED = Notice("finops", "firing", "UsageQuotaHigh", "warning", "traffic", "main")
EXHAUSTED = Notice("oncall", "firing", "UsageQuotaExhausted", "critical", "traffic", "main")
CAP_EXHAUSTED = Notice("oncall", "firing", "UsageQuotaExhausted", "critical", "cap", "main")
LOCKED_OUT = Notice("oncall", "firing", "UsageAuthFailing", "critical", account="locked")
DOWN = Notice("oncall", "firing", "UsageExporterDown", "critical")


def resolved(notice: Notice) -> Notice:
    return Notice(notice.receiver, "resolved", notice.alert, notice.severity, notice.quota, notice.account)


def test_from_a_vendors_figure_to_the_right_receivers_and_back(generation: str, tmp_path: Path) -> None:
    with running_chain(generation, tmp_path, CONFIG, SECRETS, AT_85_PERCENT) as chain:
        # Used up to 85 %: those who buy are told. A wrong password is told by its cause, and not by what follows.
        chain.tells(WARNED, LOCKED_OUT)
        eventually(partial(chain.muted, "UsagePollStale", "warning", account="locked"))
        assert {notice.quota for notice in chain.sink.told if notice.receiver == "oncall"} == {""}

        # Over the limit: somebody is woken. What is less than that is muted.
        chain.clock.now = OVER
        chain.tells(EXHAUSTED, CAP_EXHAUSTED)
        eventually(partial(chain.muted, "UsageQuotaHigh", "warning", quota="cap"))
        eventually(partial(chain.muted, "UsageQuotaHigh", "warning", quota="traffic"))
        assert re.match(
            r"netnut/main: traffic of \S+/\w+: 1,\d{3}(\.\d)? of 1,000 GB used "
            r"\(10\d(\.\d+)?%\), resets in \d+d \d+h\n",
            chain.sink.texts[EXHAUSTED],
        )

        assert not [notice for notice in chain.sink.told if notice.receiver == "default"]

        # No exporter: that is told. The quota is not seen any more, and what was last known of it counts.
        chain.exporter.close()
        chain.tells(DOWN)
        eventually(partial(chain.query, f'max_over_time(up{{job="{JOB}"}}[6s]) == 0'))
        eventually(partial(chain.muted, "UsageQuotaExhausted", "critical", quota="traffic"))
        assert resolved(EXHAUSTED) not in chain.sink.told

        # The exporter is back, and the vendor corrects what it had counted: all who were told of that hear of its end.
        chain.exporter.enter_context(chain.start_exporter())
        chain.tells(resolved(DOWN))
        assert resolved(EXHAUSTED) not in chain.sink.told
        chain.clock.now = AT_85_PERCENT
        chain.tells(resolved(EXHAUSTED), resolved(CAP_EXHAUSTED))
        assert resolved(WARNED) not in chain.sink.told

        # The account gets another name while the quota is used up again: one alert ends, another begins.
        chain.sink.told.clear()
        chain.clock.now = OVER
        chain.tells(EXHAUSTED)
        chain.exporter.close()
        chain.rename("main", "renamed")
        chain.exporter.enter_context(chain.start_exporter())
        chain.tells(resolved(EXHAUSTED), replace(EXHAUSTED, account="renamed"))

        # The plan is renewed.
        chain.clock.now = RENEWED
        chain.tells(resolved(replace(EXHAUSTED, account="renamed")))

        # What was muted was never told, not even when it ended together with what had muted it.
        heard = [notice for _, notice in chain.sink.heard]
        assert not [one for one in heard if (one.receiver, one.status, one.quota) == ("finops", "firing", "cap")]
        assert resolved(LOCKED_OUT) not in heard
