"""The format of a file that declares a vendor: the keys, their meanings and their types."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from exporter.vendors.declared.kinds import (
    HeaderName,
    Label,
    LabelValue,
    Metric,
    Path,
    RequestPath,
    Scalar,
    SecureUrl,
    Text,
    Vendor,
)
from exporter.vendors.settings.types import Duration, RateSetting, Settings

SettingKind = Literal["text", "user_name", "identifier", "identifiers", "secret"]
ValueKind = Literal["number", "percent", "limit", "flag", "time", "end", "unix_time"]


class Setting(Settings):
    """A setting of the vendor's accounts, besides the settings that every account has."""

    kind: SettingKind = Field(
        description="text; user_name (no colon); identifier or identifiers, which can be path segments; or secret,"
        " which has a twin NAME_file."
    )
    description: Text = Field(description="Meaning of the setting, for the reference.")
    default: Text | None = Field(default=None, description="Value if an account does not set it.")


class BasicAuth(Settings):
    """HTTP basic authentication: the settings that hold the user name and the password."""

    username: str = Field(description="The setting that holds the user name.")
    password: str = Field(description="The setting that holds the password.")


class HeaderAuth(Settings):
    """An API key in a header other than Authorization."""

    name: HeaderName = Field(description="The header's name, such as X-Api-Key.")
    secret: str = Field(description="The setting that holds the key.")


class LoginAuth(Settings):
    """A login: credentials that are exchanged for a token."""

    post: RequestPath = Field(description="Path of the login request, below base_url.")
    basic: BasicAuth | None = Field(default=None, description="Credentials to send by HTTP basic authentication.")
    body: dict[str, str] = Field(
        default={}, description="Fields of the body, each with the setting that holds its value."
    )
    fixed: dict[str, Text] = Field(
        default={}, description="Fields of the body with fixed values, such as grant_type: client_credentials."
    )
    encoding: Literal["json", "form"] = Field(default="json", description="Encoding of the body; OAuth 2 uses form.")
    token: Text = Field(description="The field of the answer that holds the token.")
    lifetime: Duration = Field(description="Lifetime of a token if the answer does not state it.")
    lifetime_field: str = Field(default="", description="The field of the answer with the lifetime in seconds.")
    scheme: Literal["Bearer", "none"] = Field(
        default="Bearer", description="Scheme before the token in the Authorization header."
    )
    rejected_statuses: tuple[Annotated[int, Field(ge=400, le=499)], ...] = Field(
        default=(401,), description="Statuses that mean that the credentials are rejected."
    )


class Auth(Settings):
    """How requests are authenticated. Exactly one of the keys is given."""

    basic: BasicAuth | None = Field(default=None, description="HTTP basic authentication.")
    bearer: str | None = Field(default=None, description="The setting with a token to send after Bearer.")
    raw: str | None = Field(default=None, description="The setting with the whole Authorization header.")
    header: HeaderAuth | None = Field(default=None, description="An API key in another header.")
    login: LoginAuth | None = Field(default=None, description="A token obtained by a login.")


class Limits(Settings):
    """The vendor's rate limit. RateLimit headers in answers are applied automatically."""

    assumed: RateSetting = Field(description="Rate limit until the vendor's answers state one, such as 60/1m.")


class Next(Settings):
    """Pagination. An answer determines only the query or a body field of the next request, never the host or path."""

    link: Path | None = Field(default=None, description="Path of the next page's URL; only its query is used.")
    link_header: Literal[True] | None = Field(
        default=None, description="Whether the next page's URL is in the Link header; only its query is used."
    )
    cursor: Path | None = Field(default=None, description="Path of the next page's cursor.")
    parameter: Text | None = Field(default=None, description="The query parameter for the cursor.")
    field: Text | None = Field(default=None, description="The body field for the cursor, instead of parameter.")
    offset: Text | None = Field(default=None, description="The query parameter for the number of rows to skip.")
    page: Text | None = Field(default=None, description="The query parameter for the page number.")
    first: Literal[0, 1] = Field(default=1, description="The number of the first page.")
    size: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="Number of rows in a full page; a page with fewer is the last."
    )
    more: Path | None = Field(default=None, description="Path of a flag that says whether there are more pages.")
    most_pages: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1000, description="Maximum number of pages; a longer list is considered endless and fails the poll."
    )

    def __hash__(self) -> int:
        return hash(self.most_pages)


class LabelSpec(Settings):
    """A label's value, as a mapping with options."""

    value: LabelValue = Field(description="Path of the value.")
    kind: Literal["text", "identifier"] = Field(
        default="text", description="text, or identifier: text or a whole number."
    )
    optional: bool = Field(default=False, description="Whether it may be null or missing without being drift.")


class MetricSpec(Settings):
    """A metric with one series for each row."""

    name: Metric = Field(description="Name, which begins with the vendor's name.")
    help: Text = Field(description="Meaning and unit, as a sentence with a full stop.")
    value: Path = Field(description="Path of the figure in a row.")
    kind: ValueKind = Field(
        default="number",
        description="number; percent, shown as a ratio; limit, where null or a value up to 0 means none; flag, 1 or 0;"
        " time, in ISO 8601; end, a time where a date means the end of that day; or unix_time, in seconds.",
    )
    optional: bool = Field(default=False, description="Whether it may be null or missing without being drift.")
    nullable: bool = Field(default=False, description="Whether it may be null, but not missing, without being drift.")
    sum: bool = Field(default=False, description="Add up rows with the same labels; no sum if one cannot be read.")
    labels: dict[Label, LabelValue | LabelSpec] = Field(
        default={}, max_length=30, description="Labels, each with the path of its value."
    )

    def __hash__(self) -> int:
        return hash(self.name)


class Succeeded(Settings):
    """A status field that is not a boolean: its path, and the values that mean success."""

    at: Path = Field(description="Path of the status field.")
    values: tuple[Scalar, ...] = Field(
        min_length=1, description="Values that mean success, such as ok; any other is a failure."
    )


class RequestSpec(Settings):
    """A request, and the metrics made from its answer."""

    name: str | None = Field(default=None, description="Name that for_each of a later request can refer to.")
    get: RequestPath | None = Field(default=None, description="The path of a GET; {...} stands for settings and dates.")
    post: RequestPath | None = Field(default=None, description="The path of a POST that only reads.")
    parameters: dict[str, Scalar] = Field(default={}, description="The query.")
    body: dict[str, Scalar] = Field(default={}, description="The JSON body of a POST.")
    succeeded: Path | Succeeded | None = Field(
        default=None,
        description="Path of a flag that is false on failure; or {at: status, values: [ok]}.",
    )
    failed: Path | None = Field(
        default=None,
        description="Path of a field that only a failure has, such as error; null, false and empty mean success.",
    )
    rows: Path | tuple[Path, ...] = Field(
        default=(), description="Path of the rows; for nested rows, one path per level."
    )
    key: Path | tuple[Path, ...] = Field(
        default=(), description="Paths of the values that identify a row; a row without them is left out."
    )
    next: Next | None = Field(default=None, description="Pagination.")
    as_of: Path | None = Field(
        default=None, description="Path of the time up to which a row's figures count (ISO 8601)."
    )
    for_each: str | None = Field(
        default=None,
        description="settings.NAME (identifiers) or requests.NAME (its keys): one request for each, as {item}.",
    )
    optional: bool = Field(default=False, description="Whether it is an extra, left out if the vendor refuses it.")
    metrics: tuple[MetricSpec, ...] = Field(default=(), description="The metrics made from each row.")

    def __hash__(self) -> int:
        return hash((self.get, self.post))


class QuotaSpec(Settings):
    """A quota that the vendor reports. Its metrics come from the same vendor file, and have the same labels."""

    name: Text = Field(description="Name, with labels in braces.")
    subject: Text = Field(description="Whose quota it is, with labels in braces.")
    used: str = Field(description="The metric of the amount used.")
    limit: str | None = Field(default=None, description="The metric of the limit.")
    start: str | None = Field(default=None, description="The metric of the period's start.")
    end: str | None = Field(default=None, description="The metric of the period's end.")
    active: str | None = Field(default=None, description="The metric that says whether the quota is active.")
    unit: Text | Literal[""] = Field(default="", description="The unit, with labels in braces.")


class PeriodSpec(Settings):
    """Which of the vendor file's metrics report the period in which usage accumulates."""

    start: str | None = Field(default=None, description="The metric of the period's start.")
    end: str = Field(description="The metric of the period's end.")


class Document(Settings):
    """A declared vendor."""

    vendor: Vendor = Field(description="Name: the value of vendor in accounts, and the prefix of metrics.")
    title: Text = Field(description="Display name.")
    base_url: SecureUrl = Field(description="URL of the API.")
    settings: dict[str, Setting] = Field(default={}, description="Settings of its accounts.")
    auth: Auth = Field(description="Authentication of requests.")
    limits: Limits | None = Field(default=None, description="Rate limit.")
    requests: tuple[RequestSpec, ...] = Field(min_length=1, max_length=50, description="The requests of a poll.")
    quotas: tuple[QuotaSpec, ...] = Field(default=(), description="Quotas that the vendor reports.")
    periods: tuple[PeriodSpec, ...] = Field(default=(), description="Periods that the vendor reports.")
