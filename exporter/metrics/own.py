"""The exporter's own metrics, each declared once. All names begin with `usage_exporter_`."""

from __future__ import annotations

from functools import partial

from exporter.metrics.family import Family

_own = partial(Family, labels=("vendor", "account"))

ACCOUNT_UP = _own(
    "usage_exporter_account_up",
    "Whether the account's last poll succeeded for everything that it requests (1) or not (0).",
)
LAST_SUCCESS = _own(
    "usage_exporter_poll_last_success_timestamp_seconds",
    "When the last complete reading was taken, Unix time; absent before the first.",
)
LAST_ATTEMPT = _own(
    "usage_exporter_poll_last_attempt_timestamp_seconds",
    "When the last poll began, Unix time; absent before the first.",
)
NEXT_ATTEMPT = _own("usage_exporter_poll_next_attempt_timestamp_seconds", "When the next poll will begin, Unix time.")
POLL_INTERVAL = _own("usage_exporter_poll_interval_seconds", "Time between polls of the account while they succeed.")
POLL_DURATION = _own("usage_exporter_poll_duration_seconds", "Duration of polls.", kind="summary")
POLLS = _own("usage_exporter_polls_total", "Polls that ended, whether they succeeded or failed.", kind="counter")
POLLS_FAILED = _own(
    "usage_exporter_polls_failed_total",
    "Polls that failed, for any reason; the last good reading is kept until it is stale.",
    kind="counter",
)
POLL_FAILURES = Family(
    "usage_exporter_poll_failures_total",
    "The same by reason; a reason is absent until it occurs.",
    labels=("vendor", "account", "reason"),
    kind="counter",
)
ACCOUNT_FAILING = Family(
    "usage_exporter_account_failing",
    "Always 1, with the reason why the account's last poll failed or a part of it keeps failing; absent while"
    " everything works.",
    labels=("vendor", "account", "reason"),
)
REQUESTS = Family(
    "usage_exporter_requests_total",
    "Requests sent to the vendor, by HTTP status; `none` means no answer.",
    labels=("vendor", "account", "code"),
    kind="counter",
)
REQUEST_DURATION = _own(
    "usage_exporter_request_duration_seconds",
    "Time until the vendor's answer to a request was complete.",
    kind="histogram",
)
TOKEN_REFRESHES = _own("usage_exporter_token_refreshes_total", "Sign-ins that yielded a new token.", kind="counter")
RATE_LIMIT_LIMIT = _own(
    "usage_exporter_rate_limit_limit",
    "Requests that the vendor allows in its window, according to its last answer; absent if it does not say.",
)
CREDENTIAL_EXPIRY = _own(
    "usage_exporter_credential_expiry_timestamp_seconds",
    "When the account's token expires according to itself, Unix time; absent if it does not say.",
)
RATE_LIMIT_REMAINING = _own(
    "usage_exporter_rate_limit_remaining",
    "Requests left in the vendor's window, according to its last answer; absent if it does not say.",
)
ACCOUNT_SERIES = _own("usage_exporter_account_series", "Series of the account's reading that are on the page now.")
SERIES_DROPPED = _own(
    "usage_exporter_series_dropped", "Series of the last good reading left out because of max_series."
)
CUSTOMERS_DROPPED = _own(
    "usage_exporter_customers_dropped",
    "Customers in the vendor's list that are left out because of max_customers; absent if none are listed.",
)
QUOTA_MATCHED_SERIES = Family(
    "usage_exporter_quota_matched_series",
    "Series of the last good reading that a configured quota adds up; 0 if none match, or none that can be added up.",
    labels=("vendor", "account", "quota"),
)
QUOTA_THRESHOLD = Family(
    "usage_exporter_quota_threshold_ratio",
    "The share of its limit from which alerts on a quota begin, by severity; only where the configuration sets it.",
    labels=("vendor", "account", "quota", "subject", "unit", "severity"),
)
QUOTAS_WITHHELD = Family(
    "usage_exporter_quotas_withheld",
    "Subjects of a quota that are not shown, by reason; at least 1 if their number is unknown. A series that it counts"
    " cannot be read (unreadable), not all of the account was read yet (unread) or not since the period began"
    " (between_periods), units differ (units), the sum is too large (overflow), no series matches (no_series), or a"
    " configured quota has the name of one that the vendor reports (name).",
    labels=("vendor", "account", "quota", "reason"),
)
ITEMS_SKIPPED = Family(
    "usage_exporter_items_skipped_total",
    "Items of the vendor's answers left out of a reading, by reason; a reason is absent until it occurs.",
    labels=("vendor", "account", "reason"),
    kind="counter",
)
CONTRACT_DRIFT = Family(
    "usage_exporter_contract_drift",
    "Deviations of the last good reading's answers from the vendor's contract, by field and kind.",
    labels=("vendor", "account", "field", "kind"),
)
DATA_TIMESTAMP = _own(
    "usage_exporter_data_timestamp_seconds",
    "The time that the figures cover according to the vendor, Unix time; absent if it does not say.",
)
ACCOUNT_INFO = Family(
    "usage_exporter_account_info",
    "Settings of the account; always 1.",
    labels=("vendor", "account", "host", "tls_verified", "proxied"),
)
STORAGE_WRITE_FAILURES = _own(
    "usage_exporter_storage_write_failures_total",
    "Readings that could not be written to the storage path; they are shown, but quota counters are paused.",
    kind="counter",
)
STORAGE_SET_ASIDE = Family(
    "usage_exporter_storage_files_set_aside_total",
    "Invalid files in the storage path that were set aside when the account was loaded, by reason; absent until there"
    " is one.",
    labels=("vendor", "account", "reason"),
    kind="counter",
)
VENDOR_INFO = Family(
    "usage_exporter_vendor_info",
    "Origin of an account's vendor: the exporter itself (builtin), a file that declares it (file) or an installed"
    " wheel (wheel), with its version; always 1.",
    labels=("vendor", "origin", "version"),
)
BUILD_INFO = Family(
    "usage_exporter_build_info",
    "Version of the exporter and of Python; always 1.",
    labels=("version", "python_version"),
)
SHARD_INFO = Family(
    "usage_exporter_shard_info",
    "Number of this shard, counted from 0, and of how many; always 1.",
    labels=("shard", "total"),
)
RELOAD_SUCCESSFUL = Family(
    "usage_exporter_config_last_reload_successful",
    "Whether the last reload of the configuration was accepted (1) or not (0).",
)
RELOAD_TIMESTAMP = Family(
    "usage_exporter_config_last_reload_success_timestamp_seconds",
    "When the configuration was last accepted, Unix time.",
)
WEB_RELOAD_SUCCESSFUL = Family(
    "usage_exporter_web_config_last_reload_successful",
    "Whether the last reload of the web configuration file was accepted (1) or not (0); 1 if there is none.",
)
WEB_RELOAD_FAILURES = Family(
    "usage_exporter_web_config_reload_failures_total",
    "Changes of the web configuration file, or of a file that it names, that were refused; the previous one is kept.",
    kind="counter",
)
