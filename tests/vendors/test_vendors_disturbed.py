"""The same questions asked of every vendor: its recorded replies, disturbed in every place.

`fields` of each vendor's recording, or its fields.json, say by patterns of places (`-` is any item of a list) what its
contract leaves open:
`nullable` fields may be null or missing, `keys` may be text or a number, `entries` may be missing, `loose` ones may be
anything. `otherwise` lists, by family, the values that a sample may have once a part of a sum is gone.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from polled_accounts import NOW, account_at, poll_once
from recorded_replies import recorded_fields, recorded_replies, recorded_settings, sign_in_of

from exporter.client.endpoint import url_of
from exporter.errors import NotFound, PollError
from exporter.metrics import Sample
from exporter.store.reading import Reading
from exporter.vendors import VENDORS, Account
from exporter.vendors.poll import Poll
from exporter.vendors.reply import Diagnostics

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("vendor", VENDORS)]

Path = tuple[str | int, ...]
Replies = Mapping[str, Any]
REMOVED = object()
WRONG = {"null": None, "removed": REMOVED, "string": "x", "number": 7, "list": [], "object": {}, "true": True}
NOTHING = (None, "")
NUMERIC = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?%?")
SWAPPABLE = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}.*")


class Recorded:
    """An `Ask` that answers from recorded replies."""

    def __init__(self, account: Account, replies: Replies) -> None:
        self._base_url = account.base_url
        self._replies = replies

    async def __call__(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        read: Callable[[object], Any],
        **_: object,
    ) -> Any:
        query = f"?{urlencode(params)}" if params else ""
        key = f"{'GET' if body is None else 'POST'} {urlsplit(url_of(self._base_url, path)).path}{query}"
        if key not in self._replies:
            raise NotFound(key)
        return read(self._replies[key])


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    if isinstance(value, dict | list):
        for step, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from walk(one, (*path, step))


def mapped(value: Any, change: Any) -> Any:
    """Return a document with every value in it changed, leaves first."""
    if isinstance(value, dict):
        return change({key: mapped(one, change) for key, one in value.items()})
    return change([mapped(one, change) for one in value] if isinstance(value, list) else value)


def changed(replies: Replies, key: str, path: Path, value: object) -> Replies:
    document = {"root": copy.deepcopy(replies[key])}
    place: Any = document
    *steps, last = ("root", *path)
    for step in steps:
        place = place[step]
    if value is REMOVED:
        del place[last]
    else:
        place[last] = copy.deepcopy(value)
    return {**replies, key: document["root"]}


def disturbances(replies: Replies) -> Iterator[tuple[str, Any, str, Replies]]:
    """Yield each place of the replies with its value, what is wrong there now, and the replies with that."""
    for key, document in replies.items():
        for path, value in walk(document):
            name = f"{key} $" + "".join(".-" if isinstance(step, int) else f".{step}" for step in path)
            for wrong, replacement in WRONG.items():
                if path or replacement is not REMOVED:
                    yield name, value, wrong, changed(replies, key, path, replacement)


def kind_of(value: object) -> str:
    if isinstance(value, str):
        return "number" if NUMERIC.fullmatch(value) else "time" if DATE.fullmatch(value) else "string"
    kinds = {bool: "true", int: "number", float: "number", list: "list", dict: "object"}
    return kinds[type(value)]


def is_wrong(name: str, value: object, wrong: str, fields: Mapping[str, Any]) -> bool:
    """Whether the contract says that this value must not be replaced by that."""

    def listed(group: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in fields[group])

    if listed("loose") or value in NOTHING:
        return False
    if wrong == "removed":
        return not (listed("nullable") or listed("entries") or name.endswith(".-"))
    if wrong == "null":
        return not listed("nullable")
    return wrong not in (("number", "string") if listed("keys") else (kind_of(value),))


def is_explained(sample: Sample, undisturbed: Reading, otherwise: Mapping[str, list[float]]) -> bool:
    """Whether a sample stood there undisturbed, but for the label that was changed, or is a sum of fewer parts."""
    return sample.value in otherwise.get(sample.family.name, ()) or any(
        known.family is sample.family
        and known.value == sample.value
        and sum(one != other for one, other in zip(known.labels, sample.labels, strict=True)) <= 1
        for known in undisturbed.samples
    )


@pytest.fixture
def account(vendor: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    return account_at("http://127.0.0.1", monkeypatch, recorded_settings(vendor))


@pytest.fixture
def replies(vendor: str, account: Account) -> Replies:
    """The recorded replies to questions; what answers a sign-in is no business of a vendor's."""
    return {key: reply for key, reply in recorded_replies(vendor).items() if key != sign_in_of(account)}


async def outcome_of(account: Account, replies: Replies) -> Reading | PollError:
    return await poll_once(account, Poll(Recorded(account, replies), NOW))


async def reading_of(account: Account, replies: Replies) -> Reading:
    outcome = await outcome_of(account, replies)
    assert isinstance(outcome, Reading), outcome
    return outcome


@pytest.mark.slow
async def test_a_field_that_is_gone_or_of_another_type_is_noted_and_invents_nothing(
    vendor: str, account: Account, replies: Replies
) -> None:
    fields = recorded_fields(vendor)
    undisturbed = await reading_of(account, replies)
    unnoted, invented = [], []
    for name, value, wrong, disturbed in disturbances(replies):
        outcome = await outcome_of(account, disturbed)
        if isinstance(outcome, PollError):
            continue
        if outcome.diagnostics == Diagnostics() and is_wrong(name, value, wrong, fields):
            unnoted.append((name, wrong))
        if value not in NOTHING and wrong != kind_of(value):
            strange = [one for one in outcome.samples if not is_explained(one, undisturbed, fields["otherwise"])]
            invented += [(name, wrong, one.family.name, one.value) for one in strange]

    assert unnoted == []
    assert invented == []


async def test_an_empty_list_is_an_answer(account: Account, replies: Replies) -> None:
    undisturbed = {(one.family, one.labels) for one in (await reading_of(account, replies)).samples}
    lists = [(key, path) for key, reply in replies.items() for path, value in walk(reply) if isinstance(value, list)]
    for key, path in lists:
        reading = await reading_of(account, changed(replies, key, path, []))
        assert reading.diagnostics == Diagnostics(), (key, path)
        assert {(one.family, one.labels) for one in reading.samples} <= undisturbed, (key, path)

    nothing = mapped(replies, lambda value: [] if isinstance(value, list) else value)
    if lists:
        assert len((await reading_of(account, nothing)).samples) < len(undisturbed)


async def test_fields_that_nobody_knows_change_nothing(account: Account, replies: Replies) -> None:
    def extended(value: Any) -> Any:
        return {**value, "unheard_of": {"of": [1, None]}} if isinstance(value, dict) else value

    more = {key: mapped(reply, extended) for key, reply in replies.items()}

    assert more != replies
    assert (await reading_of(account, more)).samples == (await reading_of(account, replies)).samples


async def test_a_number_may_be_a_string_and_a_numeric_string_a_number(account: Account, replies: Replies) -> None:
    def swapped(value: Any) -> Any:
        if isinstance(value, str):
            return json.loads(value) if SWAPPABLE.fullmatch(value) else value
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    others = {key: mapped(reply, swapped) for key, reply in replies.items()}

    assert others != replies
    assert await reading_of(account, others) == await reading_of(account, replies)
