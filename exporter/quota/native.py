"""The quotas that vendors report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from exporter.metrics import Figures
from exporter.quota.consumption import Consumption
from exporter.quota.model import Key, Quota, value_of
from exporter.vendors.periods import Span
from exporter.vendors.quotas import NativeQuota

_UNLIMITED: Final = -1.0
"""What a vendor may write for "without limit" where it says what is left."""


def native_quotas(
    native: NativeQuota, figures: Figures, now: float, before: Mapping[Key, Consumption], *, qualified: bool = False
) -> Iterator[Quota]:
    """Yield a vendor's own quota for each subject.

    A vendor that says what is left, and not what the limit is, reports no quota where it does not say that.

    Args:
        native: what the vendor declares.
        figures: what the reading has.
        now: when it was asked for, Unix time.
        before: what earlier readings told of each quota.
        qualified: whether one name may mean several quotas.

    """
    name_of = _written(native, native.qualified if qualified and native.qualified else native.name)
    subject_of = _written(native, native.subject)
    for labels in figures.get(native.used, {}):
        key = Key(name_of(*labels), subject_of(*labels), native.unit)
        span = Span(value_of(native.start, figures, labels), value_of(native.end, figures, labels))
        if value_of(native.active, figures, labels) == 0 and span.end is not None and span.end <= now:
            continue
        used, limit = figures[native.used][labels], value_of(native.limit, figures, labels)
        if native.remaining is not None:
            known = before.get(key)
            limit = _implied_limit(used, value_of(native.remaining, figures, labels), known.limit if known else None)
            if limit is None:
                continue
        yield Quota(key, used, limit if limit is not None and limit > 0 else None, span)


def _written(native: NativeQuota, text: str) -> Callable[..., str]:
    """Return how a text with the names of labels in braces is written with their values."""
    return text.format_map({label: f"{{{place}}}" for place, label in enumerate(native.used.labels)}).format


def _implied_limit(used: float, remaining: float | None, known: float | None) -> float | None:
    """Return the limit that what is left implies, in the light of the last one known.

    Whether an overdrawn quota has 0 left or less is not documented, nor whether an
    unlimited one has -1 left: neither may bring about a limit that is not there.
    """
    if remaining is None or (remaining == _UNLIMITED and used + remaining != known):
        return None
    return min(used, known) if remaining == 0 and known is not None else used + remaining
