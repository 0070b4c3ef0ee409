"""The options with which the rules are rendered: thresholds, the scrape job, URLs for links, and labels."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from exporter.rules.thresholds import Thresholds

# Links are used in Go templates and in Markdown, so they must not contain braces, quotes or spaces.
_URL: Final = re.compile(r"https?://[A-Za-z0-9._~:/%@+-]+")

_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OWN_LABELS: Final = frozenset(
    {"job", "instance", "vendor", "account", "quota", "subject", "unit"}
    | {"shard", "total", "reason", "field", "kind", "code", "alertname", "severity"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options with which the rules are rendered.

    Attributes:
        thresholds: when the alerts begin and end.
        job: the scrape job of the exporter, as Prometheus names it.
        runbook_url: the URL of the page with an entry for each alert.
        grafana_url: the URL of the Grafana that has the dashboards.
        keep_labels: labels by which the rules keep series apart, such as `cluster` if one ruler sees several clusters.
        account_labels: labels of accounts, such as `team`, that alerts should have too.

    Raises:
        ValueError: a URL, a label or the job is malformed, or a label is given twice or is one of the rules' labels.

    """

    thresholds: Thresholds = field(default_factory=Thresholds)
    job: str = "usage-exporter"
    runbook_url: str = "https://github.com/usage-exporter/usage-exporter/blob/main/docs/runbooks.md"
    grafana_url: str = "http://localhost:3000"
    keep_labels: tuple[str, ...] = ()
    account_labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("runbook_url", "grafana_url"):
            if not _URL.fullmatch(getattr(self, name)):
                raise ValueError(f"{name} must be a URL such as https://example.com/page, without query and fragment")
        if not self.job.isprintable() or not self.job:
            raise ValueError("job must be the name of a scrape job")
        given = self.keep_labels + self.account_labels
        for name in ("keep_labels", "account_labels"):
            for label in getattr(self, name):
                if not _LABEL.fullmatch(label) or label in _OWN_LABELS or given.count(label) > 1:
                    raise ValueError(f"{name} must be names of other labels, each once: {label!r} is not")
