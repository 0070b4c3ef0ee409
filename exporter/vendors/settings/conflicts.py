"""Conflicts between an account's settings. Each setting is valid alone, but not together with another setting."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from exporter.durations import is_shorter, write_duration
from exporter.metrics import Family
from exporter.vendors.settings.types import is_insecure


def find_reach_conflicts(given: Mapping[str, object], interval: float) -> Iterator[tuple[str, str]]:
    """Yield (path, problem) for each conflict between the settings for URLs, proxy, interval and staleness.

    Args:
        given: the account's settings.
        interval: the vendor's default interval, in seconds.

    """
    written = given.get("interval", write_duration(interval))
    if is_shorter(given.get("stale_after"), written):
        yield "stale_after", f"must be at least interval ({written})"
    if given.get("allow_insecure_http") is not True and is_insecure(given.get("base_url")):
        yield "base_url", "write https, or allow_insecure_http: true to send credentials unencrypted"
    passwords = [name for name in ("proxy_password", "proxy_password_file") if given.get(name) is not None]
    is_plain = str(given.get("base_url", "")).startswith("http:")
    if given.get("allow_insecure_http") is not True and is_plain and is_insecure(given.get("proxy_url")):
        yield "proxy_url", "write a proxy of this machine, or allow_insecure_http: true to send credentials unencrypted"
    if given.get("proxy_user") is not None and not passwords:
        yield "proxy_user", "needs proxy_password or proxy_password_file"
    if passwords and given.get("proxy_user") is None:
        yield passwords[0], "needs proxy_user"
    if passwords and given.get("proxy_url") is None:
        yield passwords[0], "needs proxy_url"


def find_label_conflicts(given: Mapping[str, object], reported: Iterable[Family]) -> Iterator[tuple[str, str]]:
    """Yield (path, problem) for each label in `labels` that a metric of the vendor already has."""
    labels = given.get("labels")
    for name in labels if isinstance(labels, Mapping) else ():
        family = next((one.name for one in reported if name in one.labels), None)
        if family:
            yield f"labels.{name}", f"is a label of {family}; write another"


def find_sign_in_conflicts(
    fields: Collection[str], sign_ins: Sequence[Sequence[str]], given: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """Yield (path, problem) for each conflict between the settings for signing in."""
    present = {name for name in fields if given.get(name) is not None}
    for name in sorted(present):
        if f"{name}_file" in present:
            yield name, f"give {name} or {name}_file, not both"
    meant = present | {name.removesuffix("_file") for name in present}
    begun = [way for way in sign_ins if meant.intersection(way)]
    choices = ", or ".join(" and ".join(way) for way in sign_ins)
    if not begun:
        yield "", f"no credentials: give {choices} (or a secret's _file)"
    elif len(begun) > 1:
        yield "", f"more than one way to sign in: give {choices}"
    else:
        for name in begun[0]:
            if name not in meant:
                yield name, "is missing" + (f" ({name} or {name}_file)" if f"{name}_file" in fields else "")
