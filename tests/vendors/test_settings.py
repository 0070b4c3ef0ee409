import json
from pathlib import Path

import pytest
from configurations import UUID, account, parsed, problems

DURATION = "write a duration with its unit, such as 30s, 5m, 1h or 1h30m"
IDENTIFIER = "write an identifier: up to 256 characters, none of them a control character, and not . or .."
WHOLE = "write a whole number in digits only, such as 50000"
FLAG = "write true or false, in small letters and without quotes"
PATTERN = "write a regular expression; it has to match the whole"
PROXY = "write a URL such as http://proxy.example.com:3128; SOCKS is not supported"
URL = "write a URL such as https://api.example.com/v1"
NAME = "write up to 63 letters, digits and ._@- , the first a letter or digit"
TEXT = "write text, in quotes if it looks like a number, true, false or null"
ONE_OF_TWO = "list customers, or write discover: true to take the vendor's list; one of the two"
EITHER = "no credentials: give email and password, or token (or a secret's _file)"
LITERAL = "write ${NAME} of an environment variable, or use the ..._file setting; secrets are not allowed here"
CONTROL = "contains a control character, such as a line break, or is not UTF-8"
ONE_CONTRACT = "needs exactly one number in contracts"
PLANSHIP = "vendor: planship, name: a, client_id: b, client_secret: '${TOKEN}'"


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "a-token-of-tests")
    (tmp_path / "token").write_text("a-token-in-a-file\n")
    (tmp_path / "empty").write_text("")
    (tmp_path / "two-lines").write_text("one\ntwo\n")
    (tmp_path / "latin-1").write_bytes(b"caf\xe9")
    (tmp_path / "no.pem").write_text("not a certificate")


@pytest.mark.parametrize(
    ("vendor", "setting", "place", "expected"),
    [
        ("netnut", "intervall: 5m", "intervall", "unknown key; did you mean interval?"),
        ("netnut", "tls: {ca_fil: x}", "tls.ca_fil", "unknown key; did you mean ca_file?"),
        ("netnut", "customers: [x]", "customers", "unknown key"),
        ("netnut", "interval: 5", "interval", DURATION),
        ("netnut", "interval: 5min", "interval", DURATION),
        ("netnut", "interval: 5 m", "interval", DURATION),
        ("netnut", "interval: 30s5m", "interval", DURATION),
        ("netnut", "interval: 1.5h", "interval", DURATION),
        ("netnut", "interval: -5m", "interval", DURATION),
        ("netnut", "interval: ''", "interval", DURATION),
        ("netnut", "interval: null", "interval", DURATION),
        ("netnut", "interval: 0s", "interval", "must be from 1s to 365d"),
        ("netnut", "interval: 999ms", "interval", "must be from 1s to 365d"),
        ("netnut", "timeout: 2y", "timeout", "must be from 1s to 365d"),
        ("netnut", "stale_after: 1w1y", "stale_after", DURATION),
        ("netnut", "rate_limit: 60", "rate_limit", "write requests per duration, such as 800/1m"),
        ("netnut", "rate_limit: 0/1m", "rate_limit", "write requests per duration, such as 800/1m"),
        ("netnut", "rate_limit: 60/min", "rate_limit", "write the duration with its number, such as 60/1m"),
        ("netnut", "rate_limit: 60/0s", "rate_limit", "write a duration above 0, such as 800/1m"),
        ("netnut", "labels: 5", "labels", "write a mapping"),
        ("netnut", "labels: {team: 5}", "labels.team", TEXT),
        ("netnut", "max_series: 0", "max_series", "write a number of at least 1"),
        ("netnut", "max_series: '5'", "max_series", WHOLE),
        ("netnut", "max_series: 1.0", "max_series", WHOLE),
        ("netnut", "max_series: true", "max_series", WHOLE),
        ("netnut", "reseller: yes", "reseller", FLAG),
        ("netnut", "reseller: 1", "reseller", FLAG),
        ("netnut", "reseller: null", "reseller", FLAG),
        ("netnut", "plan_status: on", "plan_status", "write active, inactive, standby or all"),
        ("netnut", "sub_users: 90011001", "sub_users", "write a list"),
        ("netnut", "sub_users: [.]", "sub_users[0]", IDENTIFIER),
        ("netnut", "sub_users: [a, ..]", "sub_users[1]", IDENTIFIER),
        ("netnut", "sub_users: ['']", "sub_users[0]", IDENTIFIER),
        ("netnut", "sub_users: [true]", "sub_users[0]", IDENTIFIER),
        ("netnut", 'sub_users: ["a\\tb"]', "sub_users[0]", IDENTIFIER),
        ("netnut", f"sub_users: [{'a' * 257}]", "sub_users[0]", IDENTIFIER),
        ("netnut", "base_url: example.com", "base_url", URL),
        ("netnut", "base_url: ftp://example.com", "base_url", URL),
        ("netnut", "base_url: 'https://example.com:99999'", "base_url", URL),
        ("netnut", "base_url: 'https://[::1'", "base_url", URL),
        ("netnut", "base_url: https://bücher.example", "base_url", URL),
        ("netnut", "base_url: 'https://example.com/a b'", "base_url", URL),
        ("netnut", "base_url: 'https://example.com/?a=b'", "base_url", "must not have a query or a fragment"),
        ("netnut", "base_url: 'https://example.com/#a'", "base_url", "must not have a query or a fragment"),
        ("netnut", "proxy_url: socks5://example.com", "proxy_url", PROXY),
        (
            "netnut",
            "base_url: 'http://127.0.0.1:1', proxy_url: 'http://proxy.example.com:3128'",
            "proxy_url",
            "write a proxy of this machine, or allow_insecure_http: true to send credentials unencrypted",
        ),
        (
            "netnut",
            "proxy_url: 'http://proxy.example.com', proxy_user: me",
            "proxy_user",
            "needs proxy_password or proxy_password_file",
        ),
        ("netnut", 'sub_users: ["a\\x85b"]', "sub_users[0]", IDENTIFIER),
        ("netnut", "tls: 5", "tls", "write a mapping"),
        ("netnut", "tls: {insecure_skip_verify: yes}", "tls.insecure_skip_verify", FLAG),
        ("netnut", "tls: {ca_file: 5}", "tls.ca_file", "write the path of a file"),
        ("netnut", 'tls: {ca_file: "a\\0"}', "tls.ca_file", "write the path of a file"),
        ("netnut", "tls: {ca_file: .}", "tls.ca_file", "the file {folder} cannot be read (Is a directory)"),
        ("netnut", "tls: {ca_file: no.pem}", "tls.ca_file", "the file {folder}/no.pem holds no certificate in PEM"),
        ("ionos", "contracts: [1234]", "contracts[0]", "write a contract number: 5 to 10 digits"),
        ("ionos", "contracts: [12345, true]", "contracts[1]", "write a contract number: 5 to 10 digits"),
        ("ionos", "datacenters: [x], contracts: [12345]", "datacenters[0]", "write the UUID of a data centre, or null"),
        ("ionos", "datacenters: [null]", "datacenters", ONE_CONTRACT),
        ("ionos", "datacenters: [null], contracts: [12345, 12346]", "datacenters", ONE_CONTRACT),
        ("prolifi", f"customers: [{UUID}]", "customers", ONE_OF_TWO),
        ("prolifi", "max_customers: 0", "max_customers", "write a number of at least 1"),
        ("prolifi", "include: [a, '(']", "include[1]", f"{PATTERN}: missing ), unterminated subpattern at position 1"),
        ("prolifi", "exclude: [5]", "exclude[0]", PATTERN),
        ("prolifi", "window: year", "window", f"write all or month, or {WHOLE}"),
        ("prolifi", "window: 0", "window", "write all or month, or write a number of at least 1"),
        ("prolifi", "window: 3651", "window", "write all or month, or write a number of at most 3650"),
        ("prolifi", "window: true", "window", f"write all or month, or {WHOLE}"),
        ("planship", "buckets: 0", "buckets", FLAG),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_place(vendor: str, setting: str, place: str, expected: str, tmp_path: Path) -> None:
    said = problems(account(vendor, setting), tmp_path)

    assert said == [f"accounts[0].{place}: {expected.replace('{folder}', str(tmp_path))}"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("vendor: netnut, token: '${TOKEN}'", ".name: is missing"),
        ("vendor: netnut, name: true, token: '${TOKEN}'", f".name: {TEXT}"),
        ("vendor: netnut, name: 5, token: '${TOKEN}'", f".name: {TEXT}"),
        ("vendor: netnut, name: null, token: '${TOKEN}'", f".name: {TEXT}"),
        ("vendor: netnut, name: '', token: '${TOKEN}'", f".name: {NAME}"),
        ("vendor: netnut, name: -a, token: '${TOKEN}'", f".name: {NAME}"),
        ('vendor: netnut, name: "a\\n", token: "${TOKEN}"', f".name: {NAME}"),
        (f"vendor: netnut, name: {'a' * 64}, token: '${{TOKEN}}'", f".name: {NAME}"),
        ("vendor: netnut, name: a", f": {EITHER}"),
        ("vendor: netnut, name: a, token: ", f": {EITHER}"),
        ("vendor: netnut, name: a, email: b", ".password: is missing (password or password_file)"),
        ("vendor: netnut, name: a, password_file: token", ".email: is missing"),
        (
            "vendor: netnut, name: a, email: b, token: '${TOKEN}'",
            ": more than one way to sign in: give email and password, or token",
        ),
        (
            "vendor: netnut, name: a, token: '${TOKEN}', token_file: token",
            ".token: give token or token_file, not both",
        ),
        ("vendor: netnut, name: a, email: '', password: '${TOKEN}'", ".email: must not be empty"),
        ('vendor: netnut, name: a, email: "\\ud800", password: "${TOKEN}"', ".email: write text in Unicode"),
        ("vendor: netnut, name: a, token: '${ABSENT}'", ".token: the environment variable ABSENT is not set"),
        ("vendor: netnut, name: a, token_file: ''", ".token_file: write the path of a file that holds the secret"),
        (
            "vendor: netnut, name: a, token_file: absent",
            ".token_file: the file {folder}/absent cannot be read (No such file or directory)",
        ),
        ("vendor: netnut, name: a, token_file: empty", ".token_file: the file {folder}/empty is empty"),
        ("vendor: netnut, name: a, token_file: latin-1", ".token_file: a secret file must be UTF-8 text"),
        (
            "vendor: netnut, name: a, token_file: two-lines",
            f".token_file: the file {{folder}}/two-lines {CONTROL}",
        ),
        ("vendor: prolifi, name: a, api_key: '${TOKEN}'", f".customers: {ONE_OF_TWO}"),
        (
            "vendor: prolifi, name: a, api_key: '${TOKEN}', customers: [x]",
            f".customers[0]: write a UUID, such as {UUID}",
        ),
        (
            f"{PLANSHIP}, customers: [c], products: []",
            ".products: write at least one",
        ),
        (
            f"{PLANSHIP}, products: [{{slug: p, levers: [l]}}]",
            ".customers: is missing",
        ),
        (
            f"{PLANSHIP}, customers: [c], products: [{{slug: p}}]",
            ".products[0]: give levers, metering_ids or both",
        ),
        (
            f"{PLANSHIP}, customers: [c], products: [{{slug: p, lever: [l]}}]",
            ".products[0].lever: unknown key; did you mean levers?",
        ),
        (
            f"{PLANSHIP}, customers: [c], products: [p]",
            ".products[0]: write a mapping",
        ),
    ],
)
def test_a_mistake_in_what_is_needed_is_said_with_its_place(settings: str, expected: str, tmp_path: Path) -> None:
    assert problems(f"accounts: [{{{settings}}}]", tmp_path) == [
        f"accounts[0]{expected.replace('{folder}', str(tmp_path))}"
    ]


@pytest.mark.parametrize("given", ["hunter2-hunter2", "$TOKEN", "${TOKEN", "${TOKEN}x", "${}", "${a-b}", "5", "[a]"])
def test_a_secret_never_stands_in_the_file(given: str, tmp_path: Path) -> None:
    assert problems(f"accounts: [{{vendor: netnut, name: a, token: {json.dumps(given)}}}]", tmp_path) == [
        f"accounts[0].token: {LITERAL}"
    ]


@pytest.mark.parametrize("url", ["http://example.com", "HTTP://example.com", "http://10.0.0.1:8080/x", "http://127.1"])
def test_credentials_go_unencrypted_to_another_machine_only_where_that_is_allowed(url: str, tmp_path: Path) -> None:
    assert problems(account("netnut", f"base_url: '{url}'"), tmp_path) == [
        "accounts[0].base_url: write https, or allow_insecure_http: true to send credentials unencrypted"
    ]
    assert parsed(account("netnut", f"base_url: '{url}', allow_insecure_http: true")).base_url == url


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1:1/x", "http://[::1]:1", "http://LOCALHOST"])
def test_this_machine_may_be_asked_without_encryption(url: str) -> None:
    assert parsed(account("netnut", f"base_url: '{url}/'")).base_url == url


@pytest.mark.parametrize("identifier", ["a\u3000b", "a\u200cb", "a\u00a0b", "\u202ea", "ï"])
def test_an_identifier_may_hold_what_is_harmless_once_it_is_quoted(identifier: str) -> None:
    (one,) = parsed(account("netnut", f"sub_users: ['{identifier}']")).sub_users

    assert one == identifier
