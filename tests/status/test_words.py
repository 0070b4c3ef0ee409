"""Times, numbers and states as a person reads them."""

import pytest

from exporter.errors import REASONS
from exporter.status import words
from exporter.status.advice import ADVICE, advice_for
from exporter.status.document import AccountStatus, QuotaStatus, State, Status, Urgency
from exporter.status.notices import SKIP_TEXTS
from exporter.vendors.reply import SKIP_REASONS


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (59.6, "1m"),
        (61, "1m 1s"),
        (3600, "1h"),
        (7322, "2h 2m"),
        (93_600, "1d 2h"),
        (1e6, "11d 13h"),
    ],
)
def test_a_span_has_two_units_at_most(seconds: float, text: str) -> None:
    assert words.span(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1042.5, "1,042"),
        (83.14, "83.1"),
        (0.98765, "0.988"),
        (12, "12"),
        (1e6, "1,000,000"),
        (float("inf"), "inf"),
        (-3.25, "-3.2"),
    ],
)
def test_an_amount_has_as_many_decimals_as_are_worth_reading(value: float, text: str) -> None:
    assert words.amount(value) == text


@pytest.mark.parametrize(("share", "text"), [(None, ""), (0.999, "99%"), (1.0, "100%"), (1.0425, "104%")])
def test_a_share_is_never_rounded_up(share: float | None, text: str) -> None:
    assert words.percent(share) == text


def account(state: State = "up", *urgencies: Urgency) -> AccountStatus:
    quotas = tuple(QuotaStatus(quota="q", used=1, urgency=one) for one in urgencies)
    return AccountStatus(vendor="v", account="a", state=state, quotas=quotas)


@pytest.mark.parametrize(
    ("accounts", "text"),
    [
        ([], "0 accounts, none failing"),
        ([account("up", "well")], "1 account, none failing; 1 quota: none above its warning"),
        ([account("failing", "unknown"), account("waiting"), account("up", "used_up", "warning", "well")],
         "3 accounts, 1 failing, 1 not polled yet; 4 quotas: 1 used up, 1 above warning, 1 not up to date"),
    ],
)  # fmt: skip
def test_all_of_it_in_a_sentence(accounts: list[AccountStatus], text: str) -> None:
    assert words.summary(Status(version="1", now=0, accounts=tuple(accounts))) == text


def test_there_is_advice_for_every_reason_and_for_no_other() -> None:
    assert ADVICE.keys() == set(REASONS)
    assert advice_for("of another version") == advice_for(None) == ""


def test_every_reason_to_leave_an_item_out_has_words() -> None:
    assert list(SKIP_TEXTS) == list(SKIP_REASONS)


def test_what_would_move_a_cursor_is_not_printed() -> None:
    assert words.printable("a\x1b[2J\u202eb") == "a\ufffd[2J\ufffdb"


def test_a_time_beyond_the_calendar_is_a_number() -> None:
    assert words.absolute(0) == "1970-01-01 00:00:00 UTC"
    assert words.absolute(1e18) == "1e+18"
