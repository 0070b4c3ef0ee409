"""The source of the bundled dashboards; `make dashboards` writes grafana/dashboards/ from it.

A board is a list of rows of panels (`board`), a panel says what it shows, in which unit, and what an empty one means
(`panels`, `tables`), and asks in PromQL (`promql` and `quotas`). Each dashboard is one module. None needs the
recording rules: whoever imports only the JSON has all of it, but for the alerts.
"""

import warnings

with warnings.catch_warnings():
    # The SDK would have us write Grafana 13's second model, which Grafana 12 and older do not read.
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    import grafana_foundation_sdk.builders.dashboard
    import grafana_foundation_sdk.builders.timeseries  # noqa: F401 - both for warnings that come once
