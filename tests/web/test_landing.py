"""The pages for people: what they show, that nothing of a vendor's becomes markup, and that nothing runs."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from exporter.status.document import AccountStatus, ConfigStatus, PollStatus, QuotaStatus, Status
from exporter.status.urgency import urgency_of
from exporter.web.details import account_page, configuration_page
from exporter.web.landing import landing_page

TAGS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "small", "p", "nav", "a", "section", "div", "span",
    "time", "i", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "pre", "details", "summary",
}  # fmt: skip
NOW = 1_795_262_400.0
HOSTILE = '<script>alert(1)</script>" onmouseover="x'


class Elements(HTMLParser):
    """The elements of a page, each with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def text_of(html: str) -> str:
    """What a person reads, in one line."""
    body = re.sub(r"</?time[^>]*>", "", html.partition("<body>")[2])
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def quota(used: float, **settings: object) -> QuotaStatus:
    given: dict[str, Any] = {"quota": "traffic", "unit": "GB", "limit": 1000, "used": used, **settings}
    urgency = urgency_of(used, given["limit"], (), is_known=True)
    return QuotaStatus.model_validate({"urgency": urgency, **given})


def account(**settings: object) -> AccountStatus:
    given = {"vendor": "netnut", "account": "main", "state": "up", "interval": 300, "read_at": NOW - 12}
    return AccountStatus.model_validate({**given, "next_poll_at": NOW + 288, "shown_until": NOW + 3588, **settings})


def landing(*accounts: AccountStatus, config: ConfigStatus | None = None) -> str:
    loaded = config or ConfigStatus(accepted_at=NOW - 180)
    status = Status(version="1.2", now=NOW, started_at=NOW - 7200, configuration=loaded, accounts=accounts)
    return landing_page(status, "/metrics", has_config=True)


FAILING = {"state": "failing", "reason": "auth", "error": "GET https://x/me: HTTP 401", "failures": 3}


def test_a_line_on_top_says_how_all_are() -> None:
    text = text_of(landing(account(quotas=(quota(900), quota(10))), account(**FAILING)))

    assert "2 accounts, 1 failing; 2 quotas: 1 above warning; configuration read 3m ago" in text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "up read 12s ago, next poll in 4m 48s"),
        ({"next_poll_at": None}, "read 12s ago, being polled now"),
        ({"state": "waiting", "read_at": None, "shown_until": None}, "not polled yet no reading yet"),
        ({"state": "waiting"}, "not polled yet, last reading shown"),
        ({**FAILING, "failing_since": NOW - 10_800}, "failing (auth) for 3h, last reading shown"),
        (
            FAILING,
            "GET https://x/me: HTTP 401 3 polls failed in a row; its figures are withdrawn in 59m 48s. The credentials",
        ),
        ({**FAILING, "shown_until": None}, "failing (auth), nothing shown"),
        ({"notices": ("28 series are left out",)}, "1 notice"),
        ({"quotas": (quota(1042.5, period_end=NOW + 900_000),)}, "traffic 104% 1,042 of 1,000 GB resets in 10d 10h"),
        ({"quotas": (quota(5, outlook="runs_out", lasts_until=NOW + 7200),)}, "0% 5 of 1,000 GB lasts 2h"),
        ({"quotas": (quota(5, limit=None, unit=""),)}, "traffic 5"),
        ({"quotas": tuple(quota(n) for n in range(12))}, "2 more quotas below warning"),
        ({"quotas": (quota(0, limit=0),)}, "netnut/main traffic 0 of 0 GB"),
        ({"quotas": (quota(5, limit=None, subject="48", unit=""),)}, "traffic of 48 5"),
        ({"quotas": (quota(5, limit=None, subject="48", subject_name="Shop", unit=""),)}, "traffic of Shop 48 5"),
    ],
)
def test_an_account_says(settings: dict[str, object], said: str) -> None:
    assert said in text_of(landing(account(**settings)))


@pytest.mark.parametrize(
    ("used", "kind"),
    [(100, "quota"), (801, "quota warn"), (951, "quota bad"), (1000, "quota bad"), (2000, "quota bad")],
)
def test_a_bar_is_as_long_as_the_share_and_never_longer_than_the_line(used: float, kind: str) -> None:
    found = Elements(landing(account(quotas=(quota(used),)))).found

    assert kind in [attributes.get("class") for _, attributes in found]
    assert [attributes["style"] for tag, attributes in found if tag == "i"] == [f"width:{min(used / 10, 100):.1f}%"]


def test_what_is_urgent_is_open_and_the_rest_folded() -> None:
    well = tuple(quota(n) for n in range(20))
    page = landing(*[account(account=f"a{n}", quotas=(quota(900 + n), *well)) for n in range(13)])
    quotas, _, accounts = page.partition("<h2>Accounts</h2>")
    opened, _, folded = quotas.partition("<details>")

    assert opened.count('<div class="quota warn">') == opened.count('<div class="quota') == 13
    assert opened.index("a12") < opened.index("a11")
    assert folded.startswith("<summary>260 more quotas below warning</summary>")
    assert folded.count('<div class="quota">') == 260
    assert "<summary>3 more accounts that are up</summary>" in accounts


def test_beyond_some_hundreds_the_pages_of_accounts_have_the_rest() -> None:
    page = landing(account(quotas=tuple(quota(1) for _ in range(600))))

    assert page.count('<div class="quota">') == 510
    assert "90 more on the pages of their accounts." in page


def test_a_refused_configuration_is_on_the_page_with_its_problems() -> None:
    refused = ConfigStatus(accepted=False, accepted_at=NOW - 60, problems=("accounts[0].nmae: unknown key",))

    text = text_of(landing(account(), config=refused))

    assert "was refused accounts[0].nmae: unknown key The configuration read 1m ago stays in use." in text


def test_the_page_of_an_account_has_all_its_quotas_and_its_last_polls() -> None:
    polls = (
        PollStatus(began_at=NOW - 12, seconds=0.5, codes={"200": 3, "429": 1}, series=33, drift=("$.data missing",)),
        PollStatus(began_at=NOW - 312, seconds=1, codes={"none": 1}, reason="connect", error="no connection"),
    )
    html = account_page(
        account(polls=polls, quotas=tuple(quota(n) for n in range(6)), notices=("odd",), requests_per_day=1152), NOW
    )
    text = text_of(html)

    assert html.count('<div class="bar">') == 6
    assert "polled every 5m, about 1,152 requests a day odd" in text
    assert "12s ago 0.50 s 3 x 200, 1 x 429 33 $.data missing" in text
    assert "5m 12s ago 1.00 s 1 x none - no connection (connect)" in text


def pages() -> dict[str, str]:
    hostile = account(
        **{**FAILING, "error": HOSTILE, "reason": HOSTILE},
        notices=(HOSTILE,),
        quotas=(quota(1, quota=HOSTILE, subject=HOSTILE, subject_name=HOSTILE, unit=HOSTILE),),
        polls=(PollStatus(began_at=1e30, seconds=1, codes={HOSTILE: 1}, drift=(HOSTILE,)),),
    )
    refused = ConfigStatus(accepted=False, problems=(HOSTILE,))
    return {
        "landing": landing(hostile, config=refused),
        "account": account_page(hostile, NOW),
        "configuration": configuration_page(HOSTILE, NOW, NOW),
    }


@pytest.mark.parametrize("name", list(pages()))
def test_nothing_on_a_page_is_markup_that_is_not_ours(name: str) -> None:
    elements = Elements(pages()[name]).found

    assert HOSTILE not in pages()[name]
    assert {tag for tag, _ in elements} <= TAGS
    for _, attributes in elements:
        assert attributes.keys() <= {
            "lang", "charset", "name", "content", "href", "class", "datetime", "title", "style"
        }  # fmt: skip
        assert not (attributes.get("href") or "/").startswith(("http", "//", "javascript:"))


def test_every_time_can_be_read_exactly() -> None:
    times = [attributes["title"] for tag, attributes in Elements(landing(account())).found if tag == "time"]

    assert "2026-11-21 12:04:48 UTC" in times


def test_it_follows_the_colours_of_the_system() -> None:
    assert "color-scheme: light dark" in landing()
    assert "@media (prefers-color-scheme: dark)" in landing()
