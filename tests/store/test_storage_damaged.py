"""What becomes of a stored file that cannot be used, and of a family that is no more."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from stored_accounts import MAIN, PLAN, kept
from stored_files import changed, checked, checked_text, documents_of, with_rows, with_samples

from exporter.quota import Ledger, QuotaId, Total
from exporter.store.account_files import StoredAccount
from exporter.store.files import Storage
from exporter.vendors.netnut.families import NETNUT_GB_USED

MEMBER = ["traffic", "41", "GB", ["41", "Residential"], 7.5, 7.5, 1.0, 0.0, False, False, None, None, None, None, 0.0]


SPOILT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "damaged"),
    "cut short": (lambda raw: raw[:-1], "damaged"),
    "cut in the checksum": (lambda raw: raw[:40], "damaged"),
    "another figure": (lambda raw: raw.replace(b"7.5", b"8.5"), "damaged"),
    "no JSON": (lambda _: hashlib.sha256(b"x").hexdigest().encode() + b"\nx", "damaged"),
    "another shape": (lambda _: checked([]), "damaged"),
    "a part missing": (lambda raw: checked({"version": documents_of(raw)[0]["version"]}), "damaged"),
    "an older version": (lambda raw: changed(raw, version=1), "version"),
    "a time that is none": (lambda raw: changed(raw, asked_at=None), "damaged"),
    "a time without end": (lambda raw: changed(raw, asked_at=math.inf), "damaged"),
    "a flag for a number": (lambda raw: changed(raw, read_at=True), "damaged"),
    "no such slice": (lambda raw: changed(raw, slice=[1, 1]), "damaged"),
    "less than nothing left out": (lambda raw: changed(raw, dropped=-1), "damaged"),
    "another account's": (lambda raw: changed(raw, account="other"), "foreign"),
    "another vendor's": (lambda raw: changed(raw, vendor="ionos"), "foreign"),
    "nested without end": (lambda _: checked_text(b'{"version": 3, "x": ' + b"[" * 100_000), "damaged"),
    "a figure that is none": (lambda raw: with_samples(raw, ["netnut_gb_used", ["41", "R"], math.nan]), "damaged"),
    "a label that no page has": (lambda raw: with_samples(raw, ["netnut_gb_used", ["\x00", "R"], 1.0]), "damaged"),
    "a label without end": (lambda raw: with_samples(raw, ["netnut_gb_used", ["x" * 300, "R"], 1.0]), "damaged"),
    "a label that is a number": (lambda raw: with_samples(raw, ["netnut_gb_used", [41, "R"], 1.0]), "damaged"),
    "a counter below a number": (
        lambda raw: with_rows(raw, "totals", "q", "s", "", "5", 0, None, None, None),
        "damaged",
    ),
    "a member that lacks a part": (lambda raw: with_rows(raw, "members", *MEMBER[:-1]), "damaged"),
    "a member with more": (lambda raw: with_rows(raw, "members", *MEMBER, 1), "damaged"),
    "a member whose figure is text": (lambda raw: with_rows(raw, "members", *MEMBER[:4], "7", *MEMBER[5:]), "damaged"),
    "a quota that is none": (lambda raw: with_rows(raw, "quotas", "q"), "damaged"),
    "a figure of no family that is none": (lambda raw: with_samples(raw, ["netnut_bytes", [], None]), "damaged"),
}


@pytest.mark.parametrize(("spoil", "reason"), SPOILT.values(), ids=SPOILT)
def test_a_file_that_cannot_be_used_is_set_aside(spoil: Callable[[bytes], bytes], reason: str, tmp_path: Path) -> None:
    storage, file = Storage(tmp_path), tmp_path / "netnut-main.json"
    storage.write(MAIN, 0, kept(NETNUT_GB_USED(7.5, **PLAN)))
    spoilt = spoil(file.read_bytes())
    file.write_bytes(spoilt)

    found = storage.read(MAIN)

    assert (found.invalid, found.readings, found.ledger) == ([reason], {}, Ledger())
    assert storage.read(MAIN) == StoredAccount()
    assert (tmp_path / "netnut-main.set-aside").read_bytes() == spoilt


@pytest.mark.parametrize("other", [["netnut_bytes", [], 1.0], ["netnut_gb_used", ["41"], 1.0]])
def test_a_family_that_is_no_more_is_left_out_and_the_rest_is_kept(other: object, tmp_path: Path) -> None:
    storage, file = Storage(tmp_path), tmp_path / "netnut-main.json"
    counted = QuotaId("traffic", "41/Residential", "GB")
    ledger = Ledger(5.0, {counted: Total(12.5, 5.0)}, {0: {}})
    storage.write(MAIN, 0, replace(kept(NETNUT_GB_USED(7.5, **PLAN)), ledger=ledger))
    head, *bulk = documents_of(file.read_bytes())
    file.write_bytes(checked(head, *bulk, {"samples": [other]}))

    found = storage.read(MAIN)

    assert found.invalid == []
    assert [dict(one.figures) for one in found.readings.values()] == [{NETNUT_GB_USED: {("41", "Residential"): 7.5}}]
    assert found.ledger.totals == {counted: Total(12.5, 5.0)}
