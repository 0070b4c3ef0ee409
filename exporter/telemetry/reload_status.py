"""The outcomes of the last reloads: of the configuration, and of the web configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge

from exporter.metrics import own


@dataclass(slots=True)
class ReloadStatus:
    """The outcome of the last reload, its problems, and the Unix time of the last accepted reload."""

    accepted_at: float
    accepted: bool = True
    problems: tuple[str, ...] = ()

    def accept(self, at: float) -> None:
        """Record a reload that was accepted at the Unix time `at`."""
        self.accepted, self.accepted_at, self.problems = True, at, ()

    def refuse(self, problems: Iterable[str] = ()) -> None:
        """Record a refused reload and its problems. The old settings stay in use."""
        self.accepted, self.problems = False, tuple(problems)


class WebReloadStatus:
    """The outcome of the last reload of the web configuration file, if there is such a file."""

    def __init__(self, registry: CollectorRegistry) -> None:
        successful, failures = own.WEB_RELOAD_SUCCESSFUL, own.WEB_RELOAD_FAILURES
        self._successful = Gauge(successful.name, successful.help, registry=registry)
        self._failures = Counter(failures.name, failures.help, registry=registry)
        self.version = 0
        self.accept()

    def accept(self) -> None:
        """Record an accepted reload."""
        self.version += 1
        self._successful.set(1)

    def refuse(self) -> None:
        """Record a refused reload. The old settings stay in use."""
        self.version += 1
        self._successful.set(0)
        self._failures.inc()
