import json
from pathlib import Path
from typing import Any

import pytest
from configurations import MINIMAL, UUID, account
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from exporter import strict_yaml
from exporter.config import SCHEMA_ID, parse, schema
from exporter.problems import ConfigError, Problem
from exporter.vendors import VENDORS

OUR_WORDS = (
    "unknown key",
    "write ",
    "must ",
    "lists ",
    "give ",
    "is ",
    "no ",
    "more ",
    "needs ",
    "list ",
    "the ",
    "${...} ",
    "begins ",
)


def valid(document: object) -> bool:
    return Draft202012Validator(schema()).is_valid(document)


def test_the_schema_is_one_of_json_schema_2020_12() -> None:
    Draft202012Validator.check_schema(schema())

    assert schema()["$schema"] == SCHEMA_ID == Draft202012Validator.META_SCHEMA["$id"]
    assert json.loads(json.dumps(schema())) == schema()


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_schema_accepts_a_minimal_account_and_refuses_unknown_keys(vendor: str) -> None:
    assert valid(strict_yaml.load(account(vendor).encode()))
    assert not valid(strict_yaml.load(account(vendor, "intervall: 5m").encode()))
    assert not valid(strict_yaml.load(account(vendor, "tls: {insecure: true}").encode()))
    assert not valid(strict_yaml.load(f"{account(vendor)}\nglobals: {{}}".encode()))


def test_the_schema_tells_of_every_setting_what_it_means_and_its_default_as_it_is_written() -> None:
    definitions = schema()["$defs"]

    for definition in definitions.values():
        for setting, shown in definition["properties"].items():
            assert shown["description"].endswith("."), setting
            assert not isinstance(shown.get("default"), float), setting
    assert definitions["Ionos"]["properties"]["interval"]["default"] == "1h"
    assert definitions["NetNut"]["properties"]["timeout"]["default"] == "30s"


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["5m", "1s", "60/1m", "${TOKEN}", "all", "active", UUID, "https://h", "http://h", ".", "null"])
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.fixed_dictionaries({}, optional={"slug": inner, "levers": inner}),
    max_leaves=4,
)


@st.composite
def _accounts(draw: st.DrawFn) -> dict[str, Any]:
    vendor = draw(st.sampled_from(sorted(VENDORS)))
    minimal: Any = strict_yaml.load(f"{{{MINIMAL[vendor]}}}".encode())
    given = draw(st.dictionaries(st.sampled_from(sorted(VENDORS[vendor].model_fields)), _VALUES, max_size=3))
    return {**minimal, **given, "vendor": vendor}


def said(text: str) -> tuple[Problem, ...]:
    """Return the problems of a configuration; none where it is accepted."""
    try:
        parse(text.encode(), Path("/absent"))
    except ConfigError as error:
        return error.problems
    return ()


@pytest.mark.slow
@given(st.lists(_accounts(), max_size=3))
def test_what_is_accepted_the_schema_accepts_and_what_is_refused_is_explained_in_our_words(accounts: list[Any]) -> None:
    document = {"accounts": accounts}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("TOKEN", "a-token-of-tests")
        problems = said(json.dumps(document))

    assert problems or valid(document)
    for problem in problems:
        assert problem.path.startswith("accounts")
        assert problem.text.startswith(OUR_WORDS), problem


@given(st.text(st.characters(codec="utf-8"), max_size=200) | _VALUES.map(json.dumps))
def test_any_other_text_is_refused_with_printable_problems(text: str) -> None:
    problems = said(text)

    assert problems
    assert all(str(problem).isprintable() for problem in problems)
