"""What a reply model makes of a document: what is there is taken, what is not is noted."""

from collections import Counter
from typing import Any, cast

import pytest

from exporter.errors import Malformed
from exporter.vendors.reply import (
    DRIFT_KINDS,
    MISSING,
    Diagnostics,
    Flag,
    LenientList,
    LenientMap,
    LenientObject,
    MaybeFlag,
    MaybeId,
    MaybeNumber,
    MaybePercent,
    MaybeText,
    MaybeTime,
    Number,
    Reply,
    RequiredId,
    SkipReason,
    Text,
    Time,
    read_reply,
)


class Inner(Reply, title="rows"):
    id: RequiredId
    count: Number = MISSING


class Outer(Reply, title="outer"):
    """One field of each kind."""

    number: Number = MISSING
    time: Time = MISSING
    text: Text = MISSING
    flag: Flag = MISSING
    maybe_number: MaybeNumber = None
    maybe_percent: MaybePercent = None
    maybe_time: MaybeTime = None
    maybe_text: MaybeText = None
    maybe_key: MaybeId = None
    maybe_flag: MaybeFlag = None
    rows: LenientObject[LenientList[Inner]] = MISSING
    entries: LenientObject[LenientMap[Inner]] = MISSING


class Table(Reply):
    rows: LenientList[Inner]


class Register(Reply):
    entries: LenientMap[Inner]


WHOLE: dict[str, Any] = {
    "number": "1.5",
    "time": "2026-11-01",
    "text": "",
    "flag": False,
    "maybe_number": 2,
    "maybe_percent": "50%",
    "maybe_time": "2026-11-02T00:00:00Z",
    "maybe_text": "t",
    "maybe_key": 7,
    "maybe_flag": True,
    "rows": [{"id": 1, "count": 2}],
    "entries": {"a": {"id": "x", "count": 0}},
}
ALWAYS = [name for name in WHOLE if not name.startswith("maybe_")]
MAYBE = [name for name in WHOLE if name.startswith("maybe_")]


def test_a_whole_document_is_read_without_a_note() -> None:
    diagnostics = Diagnostics()
    reply = read_reply(Outer, {**WHOLE, "unheard_of": [1]}, diagnostics)

    assert (reply.number, reply.maybe_percent, reply.maybe_key, reply.flag) == (1.5, 0.5, "7", False)
    assert reply.rows == [Inner(id="1", count=2)]
    assert reply.entries == {"a": Inner(id="x", count=0)}
    assert diagnostics == Diagnostics()


@pytest.mark.parametrize("name", ALWAYS)
@pytest.mark.parametrize("kind", [kind for kind in DRIFT_KINDS if kind != "value"])
def test_a_field_that_the_contract_has_is_absent_and_noted_where_it_departs(name: str, kind: str) -> None:
    document = {**WHOLE, name: None if kind == "null" else 1j}
    if kind == "missing":
        del document[name]
    diagnostics = Diagnostics()
    reply = read_reply(Outer, document, diagnostics)

    assert getattr(reply, name) is None
    assert diagnostics.drift == {(f"outer.{name}", kind): 1}
    assert not diagnostics.skipped


@pytest.mark.parametrize("name", MAYBE)
def test_a_field_that_may_be_null_or_missing_is_so_without_a_note(name: str) -> None:
    diagnostics = Diagnostics()
    missing = {key: value for key, value in WHOLE.items() if key != name}

    assert getattr(read_reply(Outer, missing, diagnostics), name) is None
    assert getattr(read_reply(Outer, {**WHOLE, name: None}, diagnostics), name) is None
    assert diagnostics == Diagnostics()


@pytest.mark.parametrize("name", MAYBE)
def test_a_field_that_may_be_null_is_noted_where_it_is_something_else(name: str) -> None:
    diagnostics = Diagnostics()

    assert getattr(read_reply(Outer, {**WHOLE, name: []}, diagnostics), name) is None
    assert diagnostics.drift == {(f"outer.{name}", "type"): 1}


@pytest.mark.parametrize(
    ("rows", "ids", "skipped"),
    [
        ([], [], 0),
        ([{"id": 1}, {"id": 2}], ["1", "2"], 0),
        ([{"id": 1}, {}, None, "x", 7, [], {"id": None}, {"id": ""}], ["1"], 7),
    ],
)
def test_rows_that_cannot_be_read_are_left_out_and_counted(rows: list[object], ids: list[str], skipped: int) -> None:
    diagnostics = Diagnostics()

    assert [row.id for row in read_reply(Table, {"rows": rows}, diagnostics).rows] == ids
    assert diagnostics.skipped["schema"] == skipped


def test_entries_that_cannot_be_read_are_left_out_and_counted() -> None:
    diagnostics = Diagnostics()
    register = read_reply(Register, {"entries": {"a": {"id": 1}, "b": None, "c": {"id": []}}}, diagnostics)

    assert list(register.entries) == ["a"]
    assert diagnostics.skipped["schema"] == 2


@pytest.mark.parametrize(
    "document",
    [None, 7, "x", [], {}, {"rows": None}, {"rows": "x"}, {"rows": {}}, {"rows": {"id": 1}}, {"rows": [{}, {}]}],
)
def test_a_document_without_any_usable_row_is_malformed(document: object) -> None:
    with pytest.raises(Malformed, match=r"^\$"):
        read_reply(Table, document, Diagnostics())


@pytest.mark.parametrize("entries", [None, [], "x", [{"id": 1}], {"a": {}}])
def test_a_document_without_any_usable_entry_is_malformed(entries: object) -> None:
    with pytest.raises(Malformed, match=r"^\$\.entries"):
        read_reply(Register, {"entries": entries}, Diagnostics())


def test_what_is_malformed_is_told_by_its_place_and_never_by_its_value() -> None:
    with pytest.raises(Malformed) as caught:
        read_reply(Inner, {"id": ["canary"]}, Diagnostics())

    assert str(caught.value).startswith("$.id: ")
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_list_of_more_items_than_any_account_has_is_refused_unread() -> None:
    diagnostics = Diagnostics()
    with pytest.raises(Malformed, match=r"\A\$\.rows: more than 100000 items\Z"):
        read_reply(Table, {"rows": [{}] * 100_001}, diagnostics)

    assert not diagnostics.skipped


def counted(**reasons: int) -> Counter[SkipReason]:
    return cast("Counter[SkipReason]", Counter(reasons))


def test_what_is_noted_of_items_is_noted_once_though_one_of_them_cannot_be_read() -> None:
    diagnostics = Diagnostics()
    rows = [{"id": "a"}, {"count": 1}, {"id": "b", "count": "x"}, {"id": "c", "count": 2}]
    table = read_reply(Table, {"rows": rows}, diagnostics)

    assert [(row.id, row.count) for row in table.rows] == [("a", None), ("b", None), ("c", 2)]
    assert diagnostics == Diagnostics(
        Counter({("rows.count", "missing"): 1, ("rows.count", "type"): 1}), counted(schema=1)
    )


def test_notes_add_up() -> None:
    diagnostics = Diagnostics(Counter({("a", "null"): 1}), counted(schema=1), {"x"})
    diagnostics.add(Diagnostics(Counter({("a", "null"): 2, ("b", "type"): 1}), counted(gone=1), {"x", "y"}))

    assert diagnostics == Diagnostics(
        Counter({("a", "null"): 3, ("b", "type"): 1}), counted(schema=1, gone=1), {"x", "y"}
    )
