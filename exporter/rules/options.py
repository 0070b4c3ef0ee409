"""What the rules are rendered for: thresholds, the scrape job, and where links lead."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from exporter.rules.thresholds import Thresholds

# Links stand in Go templates and in Markdown: no braces, quotes or spaces.
_URL: Final = re.compile(r"https?://[A-Za-z0-9._~:/%@+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the rules are rendered for.

    Attributes:
        thresholds: the numbers.
        job: the scrape job of the exporter, as Prometheus names it.
        runbook_url: the page with an entry for each alert.
        grafana_url: where the dashboards are.

    Raises:
        ValueError: a URL is none, or the job has no name.

    """

    thresholds: Thresholds = field(default_factory=Thresholds)
    job: str = "usage-exporter"
    runbook_url: str = "https://github.com/usage-exporter/usage-exporter/blob/main/docs/runbooks.md"
    grafana_url: str = "http://localhost:3000"

    def __post_init__(self) -> None:
        for name in ("runbook_url", "grafana_url"):
            if not _URL.fullmatch(getattr(self, name)):
                raise ValueError(f"{name} must be a URL such as https://example.com/page, without query and fragment")
        if not self.job.isprintable() or not self.job:
            raise ValueError("job must be the name of a scrape job")
