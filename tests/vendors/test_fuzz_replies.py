"""What a vendor may answer, whatever it is: a reply as the model has it, or a `PollError`; never anything else."""

import gzip
import json
import math
import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta

import anyio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polled_accounts import account_at
from pydantic import BaseModel
from recorded_replies import recorded_settings
from reply_strategies import JSON, MODELS, NEARLY, SCALARS, documents

from exporter.client.auth import Login
from exporter.client.body import MAX_BODY_BYTES, MAX_PIECES, decode_json, read_body
from exporter.client.rate_limit import StatedLimit
from exporter.errors import PollError, TooLarge, Undecodable
from exporter.vendors import VENDORS
from exporter.vendors.ionos.replies import Usage
from exporter.vendors.planship.replies import Entitlements
from exporter.vendors.reply import DRIFT_KINDS, SKIP_REASONS, Diagnostics, read_reply
from exporter.vendors.values import read_number

pytestmark = pytest.mark.slow

NUMBER = r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.__module__.split('.')[-1]}.{model.__name__}")
@settings(max_examples=settings().max_examples // 3)
@given(data=st.data())
def test_whatever_is_answered_is_read_or_refused(model: type[BaseModel], data: st.DataObject) -> None:
    diagnostics, document = Diagnostics(), data.draw(documents(model))
    outcome = outcome_of(lambda: read_reply(model, document, diagnostics, "GET /asked"))

    assert is_sound(outcome)
    assert set(diagnostics.skipped) <= set(SKIP_REASONS)
    assert {kind for _, kind in diagnostics.drift} <= set(DRIFT_KINDS)
    assert all(field.isascii() and field.isprintable() and len(field) < 80 for field, _ in diagnostics.drift)


def outcome_of(read: Callable[[], object]) -> object:
    """Return what was read, or the error that it is refused with."""
    try:
        return read()
    except PollError as error:
        return error


def is_sound(value: object) -> bool:
    """Whether an outcome can be shown: finite numbers, times in UTC, a short error."""
    if isinstance(value, PollError):
        return str(value).isprintable() and len(str(value)) < 300
    if isinstance(value, Entitlements):
        return True  # its values are read one by one, by those who know which are numbers
    if isinstance(value, BaseModel):
        return all(is_sound(getattr(value, name)) for name in type(value).model_fields)
    if isinstance(value, dict | list):
        return all(map(is_sound, value.values() if isinstance(value, dict) else value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value.utcoffset() == timedelta(0) if isinstance(value, datetime) else isinstance(value, str | int | None)


def test_every_vendor_has_its_models_here() -> None:
    assert VENDORS.keys() <= {model.__module__.split(".")[2] for model in MODELS}
    assert len(MODELS) > 15


@given(st.from_regex(NUMBER, fullmatch=True) | st.floats(allow_nan=False, allow_infinity=False).map(repr))
def test_a_number_is_the_same_with_quotes_and_without(literal: str) -> None:
    try:
        quoted = read_number(decode_json(f'"{literal}"'.encode(), ""))
    except ValueError:
        assert not math.isfinite(float(literal))
        return

    assert read_number(decode_json(literal.encode(), "")) == quoted == float(literal)


@pytest.mark.parametrize("vendor", VENDORS)
@given(data=st.data())
def test_whatever_answers_a_sign_in_is_a_token_or_refused(vendor: str, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        auth = account_at("http://127.0.0.1", monkeypatch, recorded_settings(vendor)).auth
    if not isinstance(auth, Login):
        return
    fields = (auth.token_field, auth.lifetime_field, "success")
    answers = JSON | st.fixed_dictionaries({}, optional={name: SCALARS for name in fields if name})
    answer = data.draw(answers)
    outcome = outcome_of(lambda: auth.token(answer))

    if isinstance(outcome, tuple):
        header, seconds = outcome
        assert re.fullmatch(r"(Bearer )?[!-~]+", header)
        assert 0 < seconds <= 30 * 86_400
    else:
        assert is_sound(outcome)


@given(body=st.binary(max_size=200) | JSON.map(lambda value: repr(value).replace("'", '"').encode("utf-8", "replace")))
@example(b"[" * 100_000)
@example(b'{"a":' * 1000)
@example(b'"\\ud800"')
@example(b"1" * 5000)
@example(b"1e999")
def test_any_bytes_are_a_document_or_no_json(body: bytes) -> None:
    outcome = outcome_of(lambda: decode_json(body, "text/html"))

    if isinstance(outcome, PollError):
        assert str(outcome).startswith(f"not JSON: called HTML, {len(body)} bytes, sha256 ")
    else:
        json.dumps(outcome, ensure_ascii=False).encode()


@given(
    packed=st.binary(max_size=100) | st.binary(max_size=2000).map(gzip.compress),
    flips=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 255)), max_size=3),
    cut=st.integers(1, 50),
    encoding=st.sampled_from(["", "identity", "gzip", "GZIP", "deflate", "br", "gzip, gzip"]) | st.text(max_size=9),
)
def test_any_body_is_unpacked_within_its_limit_or_refused(
    packed: bytes, flips: list[tuple[int, int]], cut: int, encoding: str
) -> None:
    spoilt = bytearray(packed)
    for place, value in flips:
        if place < len(spoilt):
            spoilt[place] = value

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(spoilt), cut):
            yield bytes(spoilt[start : start + cut])

    async def read() -> bytes:
        return bytes(await read_body(chunks(), encoding, 1000))

    outcome = outcome_of(lambda: anyio.run(read))

    assert len(outcome) <= 1000 if isinstance(outcome, bytes) else isinstance(outcome, TooLarge | Undecodable)


@given(st.dictionaries(st.sampled_from(["x-ratelimit-limit", "x-ratelimit-remaining"]), st.text(max_size=12) | NEARLY))
def test_any_stated_rate_limit_is_a_count_or_ignored(headers: Mapping[str, str]) -> None:
    stated = StatedLimit.from_headers(headers)

    for name, count in (("x-ratelimit-limit", stated.limit), ("x-ratelimit-remaining", stated.remaining)):
        assert count is None or (count == int(headers[name]) and 0 <= count < 10**9)


def test_a_reply_of_as_many_values_as_are_read_is_read() -> None:
    rows = ",".join(["{}", '{"meterId":1}', "0"] * 30_000)
    center = f'{{"meters":[{rows}]}}'
    body = ('{"datacenters":[' + ",".join([center] * (MAX_PIECES // _pieces(center))) + "]}").encode()
    outcome = outcome_of(lambda: read_reply(Usage, decode_json(body, ""), Diagnostics()))

    assert isinstance(outcome, Usage)


def _pieces(text: str) -> int:
    return sum(map(text.count, ",[{")) + 1


@pytest.mark.parametrize("row", ["{}", "[]", "0", '{"a":1}', '[[[[""]]]]'])
def test_a_small_body_of_very_many_values_is_refused_unread(row: str) -> None:
    # That it is unread shows in what is wrong: no JSON parser gets as far as the end, which is none.
    most = (MAX_PIECES - 1) // _pieces(row)
    whole, beyond = ((f"[{','.join([row] * count)}]").encode() for count in (most, most + 2))

    assert len(beyond) <= MAX_BODY_BYTES
    with pytest.raises(TooLarge, match="more than 500000 values"):
        decode_json(beyond[:-1], "")
    assert isinstance(decode_json(whole, ""), list)
