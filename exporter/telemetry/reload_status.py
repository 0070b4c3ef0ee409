"""How the two configurations were read last: the exporter's, and that of its pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge

from exporter.metrics import own


@dataclass(slots=True)
class ReloadStatus:
    """How the configuration was read last: whether it was accepted, when one last was (Unix time), what was wrong."""

    accepted_at: float
    accepted: bool = True
    problems: tuple[str, ...] = ()

    def accept(self, at: float) -> None:
        """Note that a configuration was accepted."""
        self.accepted, self.accepted_at, self.problems = True, at, ()

    def refuse(self, problems: Iterable[str] = ()) -> None:
        """Note that one was not, and why; what was accepted before goes on."""
        self.accepted, self.problems = False, tuple(problems)


class WebReloadStatus:
    """How the web configuration file was read last, where there is one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        successful, failures = own.WEB_RELOAD_SUCCESSFUL, own.WEB_RELOAD_FAILURES
        self._successful = Gauge(successful.name, successful.help, registry=registry)
        self._failures = Counter(failures.name, failures.help, registry=registry)
        self.version = 0
        self.accept()

    def accept(self) -> None:
        """Note that it was accepted."""
        self.version += 1
        self._successful.set(1)

    def refuse(self) -> None:
        """Note that it was not; what was accepted before goes on."""
        self.version += 1
        self._successful.set(0)
        self._failures.inc()
