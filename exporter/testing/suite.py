"""A test suite for vendors that are not built in. It asks the same questions that built-in vendors must answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path
from typing import Final, get_args

import anyio

from exporter.polling.pipeline import ProcessedPoll
from exporter.testing.questions import Disturbance, Findings, ask, disturbances, page, poll
from exporter.testing.recording import Recording, RecordingError, Replay, read_recording
from exporter.vendors.account import Account
from exporter.vendors.class_checks import faults
from exporter.vendors.poll import Poll
from exporter.vendors.reply import Diagnostics
from exporter.vendors.settings.entry import read_account

_SECRET: Final = "an-invented-secret"  # noqa: S105 - it opens nothing
_VARIABLE: Final = "USAGE_EXPORTER_TESTING"


@dataclass(frozen=True, slots=True)
class Question:
    """A named test of a vendor. Calling the question raises AssertionError if the vendor gives a wrong answer."""

    name: str
    ask: Callable[[], None]

    def __str__(self) -> str:
        return self.name

    def __call__(self) -> None:
        """Ask the question."""
        self.ask()


def questions_for(vendor: type[Account], folder: Path, except_for: Collection[str] = ()) -> list[Question]:
    """Return the questions for a vendor, including several questions about each field of the recorded answers.

    Args:
        vendor: the class of the vendor's accounts.
        folder: the folder with replies.json (the recorded answers) and expected.prom (the resulting lines).
        except_for: patterns for the names of questions that do not apply to the vendor. These questions are left out.

    Raises:
        RecordingError: the recorded answers cannot be read.

    """
    recording = read_recording(folder / "replies.json")
    known = cache(lambda: anyio.run(_polled, vendor, recording))
    asked = [
        Question("is a vendor", partial(_is_a_vendor, vendor)),
        Question("its settings are an account", partial(_is_an_account, vendor, recording)),
        Question("its answers become expected.prom", partial(_becomes, known, folder / "expected.prom")),
        Question("no secret is asked with", partial(_tells_no_secret, vendor, recording)),
        *(
            Question(one.place, partial(_stands, vendor, recording, known, one))
            for one in disturbances(recording.replies)
        ),
    ]
    return [one for one in asked if not any(fnmatchcase(one.name, pattern) for pattern in except_for)]


def account_of(vendor: type[Account], recording: Recording) -> Account:
    """Return an account with the recording's settings, and with an invented value for each missing secret.

    Raises:
        RecordingError: the settings are invalid.

    """
    (name,) = get_args(vendor.model_fields["vendor"].annotation)
    os.environ[_VARIABLE] = _SECRET
    settings = {"vendor": name, "name": "check", **recording.settings}
    settings |= {
        one: f"${{{_VARIABLE}}}"
        for one in vendor.sign_ins[0]
        if f"{one}_file" in vendor.model_fields and one not in settings
    }
    account = read_account(settings, Path(), {name: vendor}, {})
    if isinstance(account, Account):
        return account
    raise RecordingError("\n".join(f"settings: {one}" for one in account))


def _is_a_vendor(vendor: type[Account]) -> None:
    (name,) = get_args(vendor.model_fields["vendor"].annotation)
    _all_well(faults(name, vendor))


def _is_an_account(vendor: type[Account], recording: Recording) -> None:
    account = account_of(vendor, recording)
    shown = repr(account) + repr(account.auth) + account.model_dump_json()
    _all_well(["its representation has a secret"] if _SECRET in shown else [])


def _becomes(known: Callable[[], ProcessedPoll], file: Path) -> None:
    polled = known()
    expected = file.read_text() if file.exists() else ""
    if (made := page(polled)) != expected:
        raise AssertionError(f"{file.name} should be:\n{made}\nand is:\n{expected}")
    if polled.reading.diagnostics != Diagnostics():
        raise AssertionError(f"recorded answers deviate from the models: {polled.reading.diagnostics}")


def _tells_no_secret(vendor: type[Account], recording: Recording) -> None:
    account = account_of(vendor, recording)
    replay = Replay(account.base_url, recording.replies, recording.links)
    anyio.run(account.read, Poll(replay, recording.now))
    _all_well(f"{asked.partition('?')[0]} is asked with a secret" for asked in replay.asked if _SECRET in asked)


def _stands(
    vendor: type[Account], recording: Recording, known: Callable[[], ProcessedPoll], disturbance: Disturbance
) -> None:
    findings = Findings()
    anyio.run(ask, account_of(vendor, recording), recording, known(), disturbance, findings)
    _all_well(findings.wrong)


async def _polled(vendor: type[Account], recording: Recording) -> ProcessedPoll:
    return await poll(account_of(vendor, recording), recording, recording.replies)


def _all_well(wrong: Iterable[str]) -> None:
    found = list(wrong)
    if found:
        raise AssertionError("\n".join(found))
