"""What can go wrong when an account is polled, and what is done about it. The table is the design.

    PollError              reason          within the poll            the poller then
    ├── NameUnresolved     dns             retries                    backs off
    ├── ConnectFailed      connect         retries                    backs off
    ├── TLSFailed          tls             -                          waits, with growing delays: a person must act
    ├── TimedOut           timeout         retries                    backs off
    ├── ProtocolBroken     protocol        retries                    backs off
    ├── TooLarge           too_large       -                          waits, with growing delays
    ├── Redirected         redirect        -                          waits, with growing delays
    ├── Undecodable        decode          -                          backs off
    ├── Malformed          schema          -                          waits, with growing delays: the contract changed
    ├── Refused            api             -                          backs off
    ├── BadRequest         bad_request     -                          waits, with growing delays: our request is wrong
    ├── Unauthorized       auth            one new token, once        waits, with growing delays
    ├── Forbidden          forbidden       -                          waits, with growing delays
    ├── NotFound           not_found       skipped if one of many     waits, with growing delays
    ├── Conflict           conflict        retries                    backs off
    ├── RateLimited        rate_limited    waits as asked, if short   waits as long as the vendor asked
    ├── ServerFailed       server          retries                    backs off
    ├── SecretUnreadable   secret          -                          waits, with growing delays
    └── InternalError      internal        -                          backs off; it is our own bug

"Backs off" is never longer than the interval; "waits" is never shorter (see `polling.backoff`).

`reason` is a label value and a closed set: no text of a vendor's ever becomes a series. An error's own text
is ours too: it names statuses, types and sizes, never a body and never a secret.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar, Final


class PollError(Exception):
    """The failure of a poll, or of one of its requests.

    Attributes:
        reason: the label value under which it is counted.
        retried: whether the same request may be sent again within the poll.
        transient: whether it may pass by itself, so that an early retry makes sense.
        retry_after: the wait that the vendor asked for, in seconds, if it did.
        asked: the request, without its query; empty if the failure is not about a request.

    """

    reason: ClassVar[str]
    retried: ClassVar[bool] = False
    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, retry_after: float | None = None, asked: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.asked = asked

    def bare(self) -> PollError:
        """Return the error without its traceback, whose frames would keep all that was read in memory.

        An error class declared by a vendor's code is replaced by the class of ours from which it derives.
        """
        kind: type[PollError] = next(one for one in type(self).__mro__ if one.__module__ == __name__)
        if kind is PollError:
            return InternalError(type(self).__name__, retry_after=self.retry_after, asked=self.asked)
        return kind(super().__str__(), retry_after=self.retry_after, asked=self.asked)

    def __str__(self) -> str:
        message = super().__str__()
        return f"{self.asked}: {message}" if self.asked else message


class NameUnresolved(PollError):
    """The vendor's host name has no address, or no resolver answered."""

    reason, retried, transient = "dns", True, True


class ConnectFailed(PollError):
    """No connection could be established: refused, unreachable, or too slow."""

    reason, retried, transient = "connect", True, True


class TLSFailed(PollError):
    """The vendor's certificate or TLS cannot be trusted."""

    reason = "tls"


class TimedOut(PollError):
    """The answer, or the whole poll, was not complete in time."""

    reason, retried, transient = "timeout", True, True


class ProtocolBroken(PollError):
    """The answer is not valid HTTP, was cut off, or is only partial or provisional."""

    reason, retried, transient = "protocol", True, True


class TooLarge(PollError):
    """The answer is larger than we accept."""

    reason = "too_large"


class Redirected(PollError):
    """The vendor sent us elsewhere; credentials are not carried there."""

    reason = "redirect"


class Undecodable(PollError):
    """The answer is not JSON: an error page, a truncated document, or empty."""

    reason, transient = "decode", True


class Malformed(PollError):
    """The answer is JSON, but not of the documented shape."""

    reason = "schema"


class Refused(PollError):
    """The vendor answered 200, but the body reports a failure."""

    reason, transient = "api", True


class BadRequest(PollError):
    """The vendor says that our request is wrong."""

    reason = "bad_request"


class Unauthorized(PollError):
    """The vendor does not accept our credentials."""

    reason = "auth"


class Forbidden(PollError):
    """The vendor knows us but does not allow the request."""

    reason = "forbidden"


class NotFound(PollError):
    """The vendor does not have what we asked for."""

    reason = "not_found"


class Conflict(PollError):
    """The vendor is busy with what we asked about."""

    reason, retried, transient = "conflict", True, True


class RateLimited(PollError):
    """We exceeded the vendor's rate limit."""

    reason, retried, transient = "rate_limited", True, True


class ServerFailed(PollError):
    """The vendor failed."""

    reason, retried, transient = "server", True, True


class SecretUnreadable(PollError):
    """A secret's variable or file is missing, or its content cannot be a secret."""

    reason = "secret"


class InternalError(PollError):
    """A bug of ours."""

    reason, transient = "internal", True


REASONS: Final = tuple(kind.reason for kind in PollError.__subclasses__())
"""Every reason, in the order of the table."""

_BY_STATUS: Final[dict[int, type[PollError]]] = {
    HTTPStatus.ACCEPTED: ProtocolBroken,
    HTTPStatus.PARTIAL_CONTENT: ProtocolBroken,
    HTTPStatus.BAD_REQUEST: BadRequest,
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.REQUEST_TIMEOUT: TimedOut,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.GONE: NotFound,
    HTTPStatus.TOO_MANY_REQUESTS: RateLimited,
}


def error_for_status(status: int) -> type[PollError] | None:
    """Return the class of error that an HTTP status means; None for a success.

    Partial and provisional answers are errors: figures missing from them would seem to be gone.
    """
    if 200 <= status < 300:  # noqa: PLR2004 - the classes of HTTP are what these numbers say
        return _BY_STATUS.get(status)
    if 300 <= status < 400:  # noqa: PLR2004 - the same
        return Redirected
    if 400 <= status < 500:  # noqa: PLR2004 - the same
        return _BY_STATUS.get(status, BadRequest)
    return ServerFailed
