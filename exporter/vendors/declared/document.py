"""The file that declares a vendor, as it is written: what each key means, and what it may hold."""

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
from exporter.vendors.settings import Duration, RateSetting, Settings

SettingKind = Literal["text", "user_name", "identifier", "identifiers", "secret"]
ValueKind = Literal["number", "percent", "limit", "flag", "time", "end", "unix_time"]


class Setting(Settings):
    """What an account of the vendor has, beside what every account has."""

    kind: SettingKind = Field(
        description="text; user_name (no colon); identifier or identifiers, fit to stand in a path; or secret, which"
        " has a twin NAME_file."
    )
    description: Text = Field(description="What it is, for the reference.")
    default: Text | None = Field(default=None, description="What it is where an account does not have it.")


class BasicAuth(Settings):
    """HTTP basic authentication; both are names of settings."""

    username: str = Field(description="The setting that holds the name.")
    password: str = Field(description="The setting that holds the password.")


class HeaderAuth(Settings):
    """A key that is sent in a header of its own."""

    name: HeaderName = Field(description="The header's name, such as X-Api-Key.")
    secret: str = Field(description="The setting that holds the key.")


class LoginAuth(Settings):
    """Credentials that are exchanged for a token."""

    post: RequestPath = Field(description="Where, below base_url.")
    basic: BasicAuth | None = Field(default=None, description="Sent by basic authentication.")
    body: dict[str, str] = Field(default={}, description="Fields of the body, each with the setting it holds.")
    fixed: dict[str, Text] = Field(
        default={}, description="Fields of the body that are always the same, such as grant_type: client_credentials."
    )
    encoding: Literal["json", "form"] = Field(default="json", description="How the body is written; OAuth 2 has form.")
    token: Text = Field(description="The field of the answer that holds the token.")
    lifetime: Duration = Field(description="How long a token is used where the answer does not say.")
    lifetime_field: str = Field(default="", description="The field of the answer that says it, in seconds.")
    scheme: Literal["Bearer", "none"] = Field(default="Bearer", description="What stands before the token.")
    rejected_statuses: tuple[Annotated[int, Field(ge=400, le=499)], ...] = Field(
        default=(401,), description="Statuses that mean that a sign-in is refused."
    )


class Auth(Settings):
    """How requests are signed: by one of these."""

    basic: BasicAuth | None = Field(default=None, description="HTTP basic authentication.")
    bearer: str | None = Field(default=None, description="The setting that is sent after Bearer.")
    raw: str | None = Field(default=None, description="The setting that is the whole Authorization header.")
    header: HeaderAuth | None = Field(default=None, description="A key in a header of another name.")
    login: LoginAuth | None = Field(default=None, description="A token that a sign-in brings.")


class Limits(Settings):
    """How fast the vendor may be asked; RateLimit headers of its answers are followed automatically."""

    assumed: RateSetting = Field(description="What the vendor allows until its answers say otherwise, as in 60/1m.")


class Next(Settings):
    """How the next page is asked for; only a query or a body's field is taken from an answer, never a host."""

    link: Path | None = Field(default=None, description="Where an answer has the next page's URL: its query is taken.")
    cursor: Path | None = Field(default=None, description="Where an answer has the next page's cursor.")
    parameter: Text | None = Field(default=None, description="The parameter that a cursor is sent in.")
    field: Text | None = Field(default=None, description="The field of the body that a cursor is sent in instead.")
    offset: Text | None = Field(default=None, description="The parameter that says how many rows were read.")
    page: Text | None = Field(default=None, description="The parameter that is the page's number.")
    first: Literal[0, 1] = Field(default=1, description="The number of the first page.")
    size: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="Rows of a full page: one with fewer is the last."
    )
    more: Path | None = Field(default=None, description="Where an answer has a flag that says if there are more.")
    most_pages: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1000, description="A list of more pages is taken for one without end, and is no reading."
    )

    def __hash__(self) -> int:
        return hash(self.most_pages)


class LabelSpec(Settings):
    """A label's value, said in full."""

    value: LabelValue = Field(description="Where it is.")
    kind: Literal["text", "identifier"] = Field(default="text", description="Text, or text or a whole number.")
    optional: bool = Field(default=False, description="Whether it may be null or missing, which is not drift.")


class MetricSpec(Settings):
    """A metric that each row has a series of."""

    name: Metric = Field(description="Begins with the vendor's name.")
    help: Text = Field(description="Meaning and unit, in a sentence with its full stop.")
    value: Path = Field(description="Where the figure is in a row.")
    kind: ValueKind = Field(
        default="number",
        description="number; percent, shown as a ratio; limit, where 0, less and null are none; flag, 1 or 0; time in"
        " ISO 8601; end, a day of which is its last; or unix_time, in seconds.",
    )
    optional: bool = Field(default=False, description="Whether it may be null or missing, which is not drift.")
    nullable: bool = Field(default=False, description="Whether it may be null, and must be there.")
    sum: bool = Field(default=False, description="Add up the rows with the same labels; none if one cannot be read.")
    labels: dict[Label, LabelValue | LabelSpec] = Field(
        default={}, max_length=30, description="Labels, each with where its value is."
    )

    def __hash__(self) -> int:
        return hash(self.name)


class Succeeded(Settings):
    """What an answer says when it worked, in other words than a flag."""

    at: Path = Field(description="Where it says so.")
    values: tuple[Scalar, ...] = Field(min_length=1, description="What it says then, such as ok; anything else is no.")


class RequestSpec(Settings):
    """A request, and what its answer is made into."""

    name: str | None = Field(default=None, description="What for_each of a later request calls it.")
    get: RequestPath | None = Field(default=None, description="The path of a GET; {...} stands for settings and dates.")
    post: RequestPath | None = Field(default=None, description="The path of a POST that only reads.")
    parameters: dict[str, Scalar] = Field(default={}, description="The query.")
    body: dict[str, Scalar] = Field(default={}, description="The JSON body of a POST.")
    succeeded: Path | Succeeded | None = Field(
        default=None,
        description="A flag of the answer: false means that it did not work; or {at: status, values: [ok]}.",
    )
    failed: Path | None = Field(
        default=None,
        description="What an answer has only if it did not work, such as error; null, false and empty are none.",
    )
    rows: Path | tuple[Path, ...] = Field(default=(), description="Where the rows are; of rows in rows, each in turn.")
    key: Path | tuple[Path, ...] = Field(default=(), description="What tells rows apart; a row without is left out.")
    next: Next | None = Field(default=None, description="How the next page is asked for.")
    as_of: Path | None = Field(default=None, description="The time that a row's figures reach to, in ISO 8601.")
    for_each: str | None = Field(
        default=None, description="settings.NAME of identifiers, or requests.NAME of keys: one request each, as {item}."
    )
    optional: bool = Field(default=False, description="Whether it is an extra, left out where the vendor refuses it.")
    metrics: tuple[MetricSpec, ...] = Field(default=(), description="What each row is made into.")

    def __hash__(self) -> int:
        return hash((self.get, self.post))


class QuotaSpec(Settings):
    """A quota that the vendor reports, as metrics of this file with the same labels."""

    name: Text = Field(description="What it is called, with labels in braces.")
    subject: Text = Field(description="Whose it is, likewise.")
    used: str = Field(description="The metric that says what is used.")
    limit: str | None = Field(default=None, description="The metric that says what is allowed.")
    start: str | None = Field(default=None, description="The metric that says when its period began.")
    end: str | None = Field(default=None, description="The metric that says when its period ends.")
    active: str | None = Field(default=None, description="The metric that says whether it is active.")
    unit: Text | Literal[""] = Field(default="", description="What is counted, with labels in braces likewise.")


class PeriodSpec(Settings):
    """Where the vendor reports the period of what is used, as metrics of this file."""

    start: str | None = Field(default=None, description="The metric that says when it began.")
    end: str = Field(description="The metric that says when it ends.")


class Document(Settings):
    """A vendor."""

    vendor: Vendor = Field(description="What accounts call it; metrics begin with it.")
    title: Text = Field(description="What people call it.")
    base_url: SecureUrl = Field(description="Where its API is.")
    settings: dict[str, Setting] = Field(default={}, description="What an account of it has.")
    auth: Auth = Field(description="How requests are signed.")
    limits: Limits | None = Field(default=None, description="How fast it may be asked.")
    requests: tuple[RequestSpec, ...] = Field(min_length=1, max_length=50, description="What is asked.")
    quotas: tuple[QuotaSpec, ...] = Field(default=(), description="Quotas that it reports.")
    periods: tuple[PeriodSpec, ...] = Field(default=(), description="Periods that it reports.")
