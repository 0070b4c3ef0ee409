"""What can go wrong when an account is polled, and what is done about each: the table is the design.

    PollError              reason          within the poll            the poller then
    ├── NameUnresolved     dns             tries again                backs off
    ├── ConnectFailed      connect         tries again                backs off
    ├── TLSFailed          tls             -                          waits, ever longer: a person must act
    ├── TimedOut           timeout         tries again                backs off
    ├── ProtocolBroken     protocol        tries again                backs off
    ├── TooLarge           too_large       -                          waits, ever longer
    ├── Redirected         redirect        -                          waits, ever longer
    ├── Undecodable        decode          -                          backs off
    ├── Malformed          schema          -                          waits, ever longer: the contract changed
    ├── Refused            api             -                          backs off
    ├── BadRequest         bad_request     -                          waits, ever longer: our request is wrong
    ├── Unauthorized       auth            one new token, once        waits, ever longer
    ├── Forbidden          forbidden       -                          waits, ever longer
    ├── NotFound           not_found       skipped if one of many     waits, ever longer
    ├── Conflict           conflict        tries again                backs off
    ├── RateLimited        rate_limited    waits as asked, if short   waits as long as the vendor asked
    ├── ServerFailed       server          tries again                backs off
    ├── SecretUnreadable   secret          -                          waits, ever longer
    └── InternalError      internal        -                          backs off; it is our own bug

"Backs off" is never longer than the interval; "waits" is never shorter (see `poller.next_delay`).

`reason` is a label value and a closed set: no text of a vendor's ever becomes a series. An error's own text
is ours too: it names statuses, types and sizes, never a body and never a secret.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar, Final, Self


class PollError(Exception):
    """A poll, or a request of it, that brought no reading.

    Attributes:
        reason: the label value it is counted under.
        retried: whether the same request may be sent again within the poll.
        transient: whether it may pass by itself, so that trying again before the interval is over makes sense.
        retry_after: seconds the vendor asked to wait, if it did.
        asked: which request it was, without its query; empty where it was none.

    """

    reason: ClassVar[str]
    retried: ClassVar[bool] = False
    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, retry_after: float | None = None, asked: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.asked = asked

    def bare(self) -> Self:
        """Return the same error without what it went through: a traceback holds all that was read on the way."""
        return type(self)(*self.args, retry_after=self.retry_after, asked=self.asked)

    def __str__(self) -> str:
        message = super().__str__()
        return f"{self.asked}: {message}" if self.asked else message


class NameUnresolved(PollError):
    """The vendor's host name has no address, or no resolver answered."""

    reason, retried, transient = "dns", True, True


class ConnectFailed(PollError):
    """No connection could be made: refused, unreachable, or not in time."""

    reason, retried, transient = "connect", True, True


class TLSFailed(PollError):
    """The vendor's certificate, or its TLS, is not to be trusted."""

    reason = "tls"


class TimedOut(PollError):
    """The whole answer, or the whole poll, was not there in time."""

    reason, retried, transient = "timeout", True, True


class ProtocolBroken(PollError):
    """What came was no HTTP, or ended before its end."""

    reason, retried, transient = "protocol", True, True


class TooLarge(PollError):
    """The answer is larger than any we accept."""

    reason = "too_large"


class Redirected(PollError):
    """The vendor sent us elsewhere; credentials are not carried there."""

    reason = "redirect"


class Undecodable(PollError):
    """The answer is no JSON: an error page, a part of a document, nothing."""

    reason, transient = "decode", True


class Malformed(PollError):
    """The answer is JSON of another shape than the vendor's contract says."""

    reason = "schema"


class Refused(PollError):
    """The vendor answered 200 and said inside that it did not work."""

    reason, transient = "api", True


class BadRequest(PollError):
    """The vendor says that our request is wrong."""

    reason = "bad_request"


class Unauthorized(PollError):
    """The vendor does not accept our credentials."""

    reason = "auth"


class Forbidden(PollError):
    """The vendor knows us and does not let us."""

    reason = "forbidden"


class NotFound(PollError):
    """The vendor has no such thing."""

    reason = "not_found"


class Conflict(PollError):
    """The vendor is busy with what we asked about."""

    reason, retried, transient = "conflict", True, True


class RateLimited(PollError):
    """We asked more often than the vendor allows."""

    reason, retried, transient = "rate_limited", True, True


class ServerFailed(PollError):
    """The vendor's own failure."""

    reason, retried, transient = "server", True, True


class SecretUnreadable(PollError):
    """A secret's variable or file is not there, or holds what no secret can be."""

    reason = "secret"


class InternalError(PollError):
    """A bug of ours."""

    reason, transient = "internal", True


REASONS: Final = tuple(kind.reason for kind in PollError.__subclasses__())
"""Every reason there is, in the order of the table."""

_BY_STATUS: Final[dict[int, type[PollError]]] = {
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
    """Return the kind of error that an HTTP status means, or None for a success."""
    if 200 <= status < 300:  # noqa: PLR2004 - the classes of HTTP are what these numbers say
        return None
    if 300 <= status < 400:  # noqa: PLR2004 - the same
        return Redirected
    if 400 <= status < 500:  # noqa: PLR2004 - the same
        return _BY_STATUS.get(status, BadRequest)
    return ServerFailed
