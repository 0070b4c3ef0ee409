"""Declared vendors that the sandbox replays from recorded answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from exporter.testing.recording import Recording, RecordingError, read_recording
from exporter.vendors.declared.files import DeclarationError, read_vendor

_SECRET = "sandbox-secret"  # noqa: S105 - it protects nothing


@dataclass(frozen=True, slots=True)
class ReplayedVendor:
    """A declared vendor that the sandbox replays.

    Attributes:
        name: the vendor's name, as accounts refer to it.
        file: the file that declares the vendor.
        base_path: the path of the API's base URL.
        secrets: the names of the settings that hold a secret.
        recording: the recorded answers.

    """

    name: str
    file: Path
    base_path: str
    secrets: tuple[str, ...]
    recording: Recording

    def account(self, url: str) -> str:
        """Return lines of YAML that configure an account at this vendor. `url` is the URL of the sandbox."""
        settings = {
            "vendor": self.name,
            "name": "acme",
            "base_url": f"{url}/{self.name}{self.base_path}",
            "interval": "15s",
            **self.recording.settings,
            **{name: f"${{{self.variable(name)}}}" for name in self.secrets},
        }
        first, *rest = [f"{key}: {json.dumps(value)}\n" for key, value in settings.items()]
        return f"  - {first}" + "".join(f"    {line}" for line in rest)

    def variable(self, name: str) -> str:
        """Return the name of the environment variable that holds the secret for a setting."""
        return f"{self.name}_{name}".upper()


def read_replays(files: Sequence[Path], replies: Sequence[Path]) -> tuple[ReplayedVendor, ...]:
    """Return the vendors declared in files, each with its recorded answers.

    Raises:
        click.UsageError: a file is invalid, or `files` and `replies` differ in number.

    """
    if len(files) != len(replies):
        raise click.UsageError("give --replies once for each --vendor-file: the answers of that vendor")
    try:
        return tuple(_replayed(file, recorded) for file, recorded in zip(files, replies, strict=True))
    except (DeclarationError, RecordingError) as error:
        raise click.UsageError(str(error)) from None


def _replayed(file: Path, recorded: Path) -> ReplayedVendor:
    name, vendor = read_vendor(file)
    secrets = tuple(one for way in vendor.sign_ins for one in way if f"{one}_file" in vendor.model_fields)
    base_url = str(vendor.model_fields["base_url"].default)
    return ReplayedVendor(name, file, urlsplit(base_url).path, secrets, read_recording(recorded))


def introduction(vendors: Iterable[ReplayedVendor], url: str) -> str:
    """Return text for users to copy: accounts at the vendors that are replayed at `url`, and the accounts' secrets."""
    text = "".join(f"# {one.name}, replayed, with vendor_files: [{one.file}]\n{one.account(url)}" for one in vendors)
    exports = (f"# export {one.variable(name)}={_SECRET}\n" for one in vendors for name in one.secrets)
    return text + "".join(exports)
