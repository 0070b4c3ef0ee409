"""Reads a configuration in several files (`include`), and settings that accounts share (`defaults`)."""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from exporter import strict_yaml
from exporter.problems import Problem, join, located, unknown_key

_MOST_FILES: Final = 1000
ALL: Final = "all"
"""The key in `defaults` for the settings of all accounts."""
_OF_ONE: Final = frozenset({"vendor", "name", "was"})
"""Settings that accounts cannot share."""
_Key = tuple[str, str]
"""An account's vendor and name."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file with accounts.

    Attributes:
        path: the file; None for the main configuration.
        directory: the folder to which relative paths in the file refer.
        text: the file's content.
        entries: the file's accounts, not validated yet.

    """

    path: Path | None
    directory: Path
    text: bytes
    entries: list[Any]

    def place(self, index: int) -> str:
        """Return the place of the account with this index, for messages."""
        return f"accounts[{index}]" + (f" of {self.path}" if self.path else "")

    def located(self, problems: list[Problem], vendors: Collection[str]) -> list[Problem]:
        """Return the problems, each with the problem's line number in this file.

        Problems in the main configuration are returned unchanged, because `config.load` adds their line numbers.
        """
        return located(problems, self.text, self.path, vendors) if self.path else problems


def matching_files(patterns: object, directory: Path) -> tuple[list[Path], list[Problem]]:
    """Return the files that match the patterns of `include`, without repeats, and the problems of the patterns."""
    if patterns is None:
        return [], []
    if not isinstance(patterns, list) or not all(
        isinstance(one, str) and one and one.isprintable() for one in patterns
    ):
        return [], [Problem("include", "write a list of files or patterns, such as config.d/*.yaml")]
    files: dict[Path, None] = {}
    for pattern in patterns:  # a pattern may match nothing: files come and go
        files |= dict.fromkeys(Path(one) for one in sorted(glob.glob(str(directory / pattern))))  # noqa: PTH207 - may be absolute
    found = [Problem("include", f"more than {_MOST_FILES} files")] if len(files) > _MOST_FILES else []
    return list(files)[:_MOST_FILES], found


def included_sources(files: list[Path], vendors: Collection[str]) -> tuple[list[Source], list[Problem]]:
    """Return the included files with their accounts, and the problems of the files themselves."""
    sources: list[Source] = []
    found: list[Problem] = []
    for path in files:
        try:
            text = strict_yaml.read(path)
            document = strict_yaml.load(text)
        except OSError as error:
            found.append(Problem("", f"{path} cannot be read: {error.strerror}", str(path)))
            continue
        except strict_yaml.YAMLProblem as problem:
            found += located([Problem("", str(problem))], text, path, vendors)
            continue
        entries = document.get("accounts") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(entries, list):
            found.append(Problem("", "write a mapping with the key accounts, a list", str(path)))
            continue
        unknown = [
            Problem(join("", str(key)), unknown_key(str(key), ["accounts"])) for key in document if key != "accounts"
        ]
        found += located(unknown, text, path, vendors)
        sources.append(Source(path, path.parent, text, entries))
    return sources, found


def vendors_named(document: Mapping[str, Any], sources: list[Source]) -> list[str]:
    """Return the vendor names in accounts and in `defaults`, without repeats."""
    defaults = document.get("defaults")
    accounts = (one for source in sources for one in source.entries if isinstance(one, dict))
    found = [*(defaults if isinstance(defaults, dict) else ()), *(one.get("vendor") for one in accounts)]
    return list(dict.fromkeys(map(str, found)))


def name_problems(sources: Sequence[Source], vendors: Collection[str]) -> Iterator[Problem]:
    """Yield problems of account names: a name used twice, or a former name (`was`) that is still used or used twice."""
    names, formers = dict[_Key, str](), dict[_Key, str]()
    for source, index, key in _keys(sources, "name"):
        place = source.place(index)
        if (first := names.setdefault(key, place)) != place:
            text = f"is the name of {first} too; unique per vendor"
            yield from source.located([Problem(f"accounts[{index}].name", text)], vendors)
    for source, index, key in _keys(sources, "was"):
        place = source.place(index)
        if text := _not_former(names.get(key), formers.setdefault(key, place), place):
            yield from source.located([Problem(f"accounts[{index}].was", text)], vendors)


def _keys(sources: Sequence[Source], setting: str) -> Iterator[tuple[Source, int, _Key]]:
    """Yield (source, index, key) for each account that has the setting. The setting is `name` or `was`."""
    for source in sources:
        for index, entry in enumerate(source.entries):
            if isinstance(entry, dict) and isinstance(entry.get(setting), str):
                yield source, index, (str(entry.get("vendor")), entry[setting])


def _not_former(owner: str | None, first: str, place: str) -> str:
    if owner:
        whose = "this account" if owner == place else owner
        return f"is the name of {whose}; write the account's former name, which no account has now"
    return "" if first == place else f"is the former name of {first} too; only one account can continue under it"


class Defaults:
    """Default settings for all accounts, and for the accounts of each vendor. A vendor's defaults take precedence."""

    def __init__(
        self,
        given: object,
        vendors: Mapping[str, Collection[str]],
        shared: Collection[str],
        refused: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Read `defaults`.

        Args:
            given: the value of `defaults`, not validated yet.
            vendors: the names of each vendor's settings.
            shared: the settings allowed in `all`.
            refused: for each vendor that cannot be used, the reason.

        """
        self.problems: list[Problem] = []
        self._sections: dict[str, Mapping[str, Any]] = {}
        known = {
            ALL: shared,
            **{vendor: set(settings) - _OF_ONE for vendor, settings in vendors.items()},
        }
        if given is not None and not isinstance(given, dict):
            self.problems.append(Problem("defaults", f"write a mapping with {ALL} and names of vendors"))
            return
        for section, settings in (given or {}).items():
            place = join("defaults", str(section))
            if section in refused:
                self.problems.append(Problem(place, refused[section]))
            elif section not in known:
                self.problems.append(Problem(place, unknown_key(str(section), known)))
            elif not isinstance(settings, dict):
                self.problems.append(Problem(place, "write a mapping of settings"))
            else:
                self._sections[section] = settings
                self.problems += self._unknown(place, settings, known[section])

    @staticmethod
    def _unknown(place: str, settings: Mapping[str, Any], known: Collection[str]) -> Iterator[Problem]:
        for key in settings:
            if key not in known:
                text = "is each account's own; write it there" if key in _OF_ONE else unknown_key(str(key), known)
                yield Problem(join(place, str(key)), text)

    def applied(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Return an account's settings, with defaults for missing settings. Nested settings are not merged."""
        return {**self._for(ALL), **self._for(str(entry.get("vendor"))), **entry}

    def origin(self, entry: Mapping[str, Any], path: str) -> str:
        """Return the place in `defaults` that provides the account's setting at `path`. Empty if no default does."""
        key = path.partition(".")[0].partition("[")[0]
        if key in entry:
            return ""
        for section in (str(entry.get("vendor")), ALL):
            if key in self._for(section):
                return f"defaults.{section}.{path}"
        return ""

    def _for(self, section: str) -> Mapping[str, Any]:
        return self._sections.get(section, {})
