"""The table of errors: what each status means, and that the code is what the docstring draws."""

import pytest

from exporter import errors
from exporter.errors import (
    REASONS,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    PollError,
    ProtocolBroken,
    RateLimited,
    Redirected,
    ServerFailed,
    TimedOut,
    Unauthorized,
    error_for_status,
)

STATUSES: list[tuple[tuple[int, ...], type[PollError] | None, str | None]] = [
    ((200, 201, 203, 204, 299), None, None),
    ((202, 206), ProtocolBroken, "protocol"),
    ((300, 301, 302, 304, 307, 308, 399), Redirected, "redirect"),
    ((400, 402, 405, 406, 415, 418, 422, 451, 499), BadRequest, "bad_request"),
    ((401,), Unauthorized, "auth"),
    ((403,), Forbidden, "forbidden"),
    ((404, 410), NotFound, "not_found"),
    ((408,), TimedOut, "timeout"),
    ((409,), Conflict, "conflict"),
    ((429,), RateLimited, "rate_limited"),
    ((500, 501, 502, 503, 504, 520, 599, 100, 101, 600, 999), ServerFailed, "server"),
]


@pytest.mark.parametrize(
    ("status", "kind", "reason"), [(status, kind, reason) for row, kind, reason in STATUSES for status in row]
)
def test_a_status_means(status: int, kind: type[PollError] | None, reason: str | None) -> None:
    assert error_for_status(status) is kind
    assert (kind and kind.reason) == reason


def test_reasons_are_a_closed_set_of_distinct_words() -> None:
    assert len(set(REASONS)) == len(REASONS)
    assert all(reason.isidentifier() and reason.islower() for reason in REASONS)


def test_the_table_in_the_docstring_is_the_code() -> None:
    table = errors.__doc__ or ""
    for kind in [kind for kind in PollError.__subclasses__() if kind.__module__ == errors.__name__]:
        (row,) = [line for line in table.splitlines() if f" {kind.__name__} " in line]
        assert f" {kind.reason} " in row
        assert ("backs off" in row or "as long as the vendor asked" in row) == kind.transient
        assert ("retries" in row or "waits as asked" in row) == kind.retried


class _Gone(NotFound):
    def __init__(self) -> None:
        super().__init__("it left", asked="GET /x")


class _OfItsOwnError(PollError):
    reason = "of_its_own"


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (Forbidden("no", asked="GET /x"), Forbidden, "GET /x: no"),
        (RateLimited("slowly", retry_after=7.0), RateLimited, "slowly"),
        (_Gone(), NotFound, "GET /x: it left"),
        (_OfItsOwnError("an-invented-secret"), errors.InternalError, "_OfItsOwnError"),
    ],
)
def test_without_its_traceback_an_error_is_of_a_kind_with_a_closed_reason(
    error: PollError, kind: type[PollError], text: str
) -> None:
    bare = error.bare()

    assert (type(bare), str(bare), bare.retry_after) == (kind, text, error.retry_after)
    assert bare.reason in REASONS
