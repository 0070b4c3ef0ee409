"""The errors of polling an account, and how each error is handled. This table is authoritative.

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

"Backs off" means a delay of at most the poll interval, unless the vendor asks for a longer delay. "Waits" means a delay
of at least the poll interval. See `polling.backoff`.

Each `reason` is a label value from a closed set, so a vendor's text never becomes a series. An error's message
is the exporter's own text, too: the message names statuses, types and sizes, but never a body or a secret.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar, Final


class PollError(Exception):
    """The failure of a poll, or of a request in a poll.

    Attributes:
        reason: the label value under which the failure is counted.
        retried: whether the same request may be sent again within the poll.
        transient: whether the failure may end without anyone's action, so that an early retry makes sense.
        retry_after: the wait in seconds that the vendor asked for; None if the vendor did not ask for a wait.
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
        """Return the error without its traceback, whose frames would keep all data of the poll in memory.

        If the error's class is defined by a vendor's code, the returned error has the base class from this module.
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
    """No TLS connection was established, for example because a certificate is not trusted."""

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
    """The vendor redirected us. We do not follow, because credentials must not be sent to another address."""

    reason = "redirect"


class Undecodable(PollError):
    """The answer is not JSON, but an error page, a truncated document, or empty."""

    reason, transient = "decode", True


class Malformed(PollError):
    """The answer is JSON, but does not have the documented shape."""

    reason = "schema"


class Refused(PollError):
    """The vendor answered 200, but the body reports a failure."""

    reason, transient = "api", True


class BadRequest(PollError):
    """The vendor rejects our request as invalid."""

    reason = "bad_request"


class Unauthorized(PollError):
    """The vendor does not accept our credentials."""

    reason = "auth"


class Forbidden(PollError):
    """The vendor knows us but does not allow the request."""

    reason = "forbidden"


class NotFound(PollError):
    """The requested resource does not exist."""

    reason = "not_found"


class Conflict(PollError):
    """The vendor reports a conflict: the requested resource is busy."""

    reason, retried, transient = "conflict", True, True


class RateLimited(PollError):
    """We exceeded the vendor's rate limit."""

    reason, retried, transient = "rate_limited", True, True


class ServerFailed(PollError):
    """The vendor reports a failure of its own."""

    reason, retried, transient = "server", True, True


class SecretUnreadable(PollError):
    """A secret's variable or file is missing, or has content that cannot be a secret."""

    reason = "secret"


class InternalError(PollError):
    """A bug in the exporter or in a vendor's code."""

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
    """Return the error class for an HTTP status. Return None if the status means success.

    A status that marks an answer as partial or provisional counts as an error, too. Otherwise, a figure that such an
    answer omits would seem to no longer exist.
    """
    if 200 <= status < 300:  # noqa: PLR2004 - the bounds of HTTP's status classes
        return _BY_STATUS.get(status)
    if 300 <= status < 400:  # noqa: PLR2004 - the same
        return Redirected
    if 400 <= status < 500:  # noqa: PLR2004 - the same
        return _BY_STATUS.get(status, BadRequest)
    return ServerFailed
