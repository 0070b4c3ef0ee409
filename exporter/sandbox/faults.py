"""Faults on demand: which calls of which simulated API go wrong, in what way, and how often.

A fault is written `VENDOR:PATH:FAULT[=VALUE][;OPTION=VALUE]...`, such as
`*:/customer*:status=503;retry-after=120;times=3`. In VENDOR and PATH, `*` stands for anything. PATH is
the path below the vendor's base URL, percent-encoded as the client sends it, without the query. If several
faults match a call, the first fault that is not used up is applied.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.sandbox.faults_call import Call
from exporter.sandbox.faults_kind import read_count
from exporter.sandbox.faults_kinds import KINDS
from exporter.sandbox.vendors import SIMULATIONS

_EXAMPLE = f"write VENDOR:PATH:FAULT, such as '{next(iter(SIMULATIONS))}:*:status=503;times=3'"
_MOST_FAULTS = 1000


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault on demand.

    Attributes:
        text: the fault as written.
        vendor: a pattern that vendors' names match.
        path: a pattern that paths below the vendor's base URL match.
        kind: the name of the fault's kind.
        given: the fault's parsed value and options, by name.
        times: the number of calls that the fault applies to; None for all.

    """

    text: str
    vendor: str
    path: str
    kind: str
    given: Mapping[str, Any]
    times: int | None

    def is_for(self, vendor: str, path: str) -> bool:
        """Whether the fault applies to a call to this path at this vendor."""
        return fnmatchcase(vendor, self.vendor) and fnmatchcase(path, self.path)


def read_fault(text: str, replayed: Collection[str] = ()) -> Fault:
    """Return the fault that a text describes. The fault's vendor must be simulated or listed in `replayed`.

    Raises:
        ValueError: the text is not a fault; the message says what to write.

    """
    vendor, colon, rest = text.strip().partition(":")
    path, other_colon, what = rest.partition(":")
    if not (colon and other_colon and what):
        raise ValueError(_EXAMPLE)
    known = [*SIMULATIONS, *replayed]
    if not any(fnmatchcase(one, vendor) for one in known):
        raise ValueError(f"unknown vendor {vendor[:40]!r}; write one of: {', '.join(known)}, *")
    if not path.startswith(("/", "*")):
        raise ValueError("write a path that begins with / or *")
    first, *others = what.split(";")
    name, equals, value = first.partition("=")
    if name not in KINDS:
        raise ValueError(f"unknown fault {name[:40]!r}; write one of: {', '.join(KINDS)}")
    try:
        options = dict(_option(one) for one in others)
        times = read_count(options.pop("times")) if "times" in options else None
        given = KINDS[name].read(value if equals else None, options)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return Fault(text.strip(), vendor, path, name, given, times)


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"write {name[:40] or 'OPTION'}=VALUE after the ;")
    return name, value


@dataclass(slots=True)
class _Standing:
    number: int
    fault: Fault
    calls: int = 0

    @property
    def left(self) -> int | None:
        return None if self.fault.times is None else self.fault.times - self.calls


class Faults:
    """The active faults, in the order in which they are tried."""

    def __init__(self, faults: Iterable[Fault] = (), replayed: Collection[str] = ()) -> None:
        self.replayed = replayed
        self._standing: list[_Standing] = []
        self._given = 0
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        self._given += 1
        self._standing = [*self._standing, _Standing(self._given, fault)][-_MOST_FAULTS:]

    def clear(self, number: int | None = None) -> bool:
        """Remove the fault with this number, or all faults if `number` is None. Return whether a fault was removed."""
        before = self._standing
        self._standing = [one for one in before if number is not None and one.number != number]
        return len(self._standing) < len(before)

    def take(self, vendor: str, path: str) -> Fault | None:
        """Return the fault that applies to a call, and count the call. Return None if no fault applies."""
        for one in self._standing:
            if one.left != 0 and one.fault.is_for(vendor, path):
                one.calls += 1
                return one.fault
        return None

    def described(self) -> list[dict[str, Any]]:
        """Return each fault's number and text, the number of calls that went wrong, and how many more will."""
        return [
            {"number": one.number, "fault": one.fault.text, "calls": one.calls, "left": one.left}
            for one in self._standing
        ]


def routes(faults: Faults) -> list[Route]:
    """Return the routes that list, add and clear faults while the sandbox runs.

    GET /-/faults lists the faults as JSON. POST adds the faults in the body, one per line, written as on the command
    line. If one fault is invalid, no fault is added. DELETE clears all faults, and DELETE /-/faults/NUMBER clears the
    fault with this number.
    """

    def listed(status: int = 200) -> Response:
        return Response(f"{json.dumps(faults.described())}\n", status, media_type="application/json")

    async def tell(_: Request) -> Response:
        return listed()

    async def add(request: Request) -> Response:
        try:
            lines = (await request.body()).decode().splitlines()
            read = [read_fault(line, faults.replayed) for line in lines if line.strip()]
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        for fault in read:
            faults.add(fault)
        return listed(201)

    async def clear(request: Request) -> Response:
        if not faults.clear(request.path_params.get("number")) and "number" in request.path_params:
            raise HTTPException(404, "There is no fault with this number.")
        return Response(status_code=204)

    return [
        Route("/-/faults", tell, methods=["GET"]),
        Route("/-/faults", add, methods=["POST"]),
        Route("/-/faults", clear, methods=["DELETE"]),
        Route("/-/faults/{number:int}", clear, methods=["DELETE"]),
    ]


class Faulty:
    """Applies the active faults to an app's calls. `vendors` maps the paths of base URLs to vendors."""

    def __init__(self, app: ASGIApp, faults: Faults, vendors: Mapping[str, str]) -> None:
        self._app = app
        self._faults = faults
        self._vendors = vendors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. If a fault matches the request, apply the fault."""
        fault = self._fault_of(scope) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await KINDS[fault.kind].act(Call(self._app, scope, receive, send, fault.given))

    def _fault_of(self, scope: Scope) -> Fault | None:
        path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
        for base, vendor in self._vendors.items():
            if path.startswith(f"{base}/"):
                return self._faults.take(vendor, path.removeprefix(base))
        return None
