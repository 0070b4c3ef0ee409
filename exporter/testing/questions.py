"""Trial polls of a vendor that is not built in, with recorded answers and altered copies with one change each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from exporter.errors import PollError
from exporter.metrics import Family
from exporter.polling.pipeline import PollResult, ProcessedPoll, process
from exporter.store.reading import in_page_order
from exporter.store.snapshot import Snapshot
from exporter.testing.recording import Answer, Recording, Replay, disturbed, doubled, failing
from exporter.vendors import Account
from exporter.vendors.poll import Poll
from exporter.vendors.reply import Diagnostics

_MOST_SHOWN: Final = 20
_FAILED: Final = "failed the poll: the last good reading is kept"


class Disturbance(NamedTuple):
    """Recorded answers with one change.

    Attributes:
        kind: the kind of change: an answer replaced by an error, a changed field, or repeated rows.
        place: the place of the change, and the new value.
        replies: all recorded answers, one of which is changed.

    """

    kind: Literal["failing", "disturbed", "doubled"]
    place: str
    replies: Mapping[str, Answer]


@dataclass(slots=True)
class Findings:
    """The findings of trial polls.

    Attributes:
        counts: the number of polls, by a phrase that describes the polls' outcome.
        wrong: the errors, one sentence each.
        unnoticed: the places where a missing value changes the figures, but is not recorded as drift.

    """

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    unnoticed: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the findings as lines of text."""
        yield f"questions asked: {sum(self.counts.values())}"
        yield from (f"    {count} {outcome}" for outcome, count in self.counts.most_common())
        if self.unnoticed:
            yield "optional, so a missing one does not count as drift:"
            yield from (f"    {one}" for one in self.unnoticed[:_MOST_SHOWN])
            if len(self.unnoticed) > _MOST_SHOWN:
                yield f"    and {len(self.unnoticed) - _MOST_SHOWN} more"
        if self.wrong:
            yield "wrong:"
            yield from (f"    {one}" for one in self.wrong)


async def poll(account: Account, recording: Recording, replies: Mapping[str, Answer]) -> ProcessedPoll:
    """Poll an account with recorded answers, and process the result.

    Raises:
        PollError: the poll fails.

    """
    one = Poll(Replay(account.base_url, replies, recording.links), recording.now)
    items = [*await account.read(one), *one.unreadable]
    at = recording.now.timestamp()
    return process(account, PollResult(0, items, one.diagnostics, None, recording.now, at, at), Snapshot())


def page(polled: ProcessedPoll) -> str:
    """Return a processed poll's sample lines in the form and order of the metrics page."""
    rendered = polled.state.rendered
    families = in_page_order(family for family in rendered if isinstance(family, Family))
    return b"".join(rendered[family].text for family in families).decode()


def disturbances(replies: Mapping[str, Answer]) -> Iterator[Disturbance]:
    """Yield every possible disturbance of the recorded answers."""
    yield from (Disturbance("failing", f"{place}: {what}", changed) for place, what, changed in failing(replies))
    yield from (Disturbance("disturbed", f"{place}: {what}", changed) for place, what, changed in disturbed(replies))
    yield from (Disturbance("doubled", f"{place}: rows twice", changed) for place, changed in doubled(replies))


async def ask_questions(account: Account, recording: Recording) -> Findings:
    """Poll once with each disturbance. Return how each result differs from the result without disturbances.

    Raises:
        PollError: the undisturbed poll fails.

    """
    findings = Findings()
    known = await poll(account, recording, recording.replies)
    for one in disturbances(recording.replies):
        await ask(account, recording, known, one, findings)
    return findings


async def ask(
    account: Account, recording: Recording, known: ProcessedPoll, disturbance: Disturbance, findings: Findings
) -> None:
    """Poll with one disturbance. Add the differences from the undisturbed result `known` to `findings`."""
    try:
        outcome: ProcessedPoll | PollError = await poll(account, recording, disturbance.replies)
    except PollError as error:
        outcome = error
    kind, place, _ = disturbance
    if kind == "disturbed":
        _judge(outcome, known, place, findings)
    elif kind == "doubled":
        findings.counts["had rows twice, and counted them once"] += 1
        if isinstance(outcome, PollError) or outcome.figures != known.figures:
            findings.wrong.append(f"{place} change the figures")
    elif isinstance(outcome, PollError):
        findings.counts[_FAILED] += 1
    else:
        findings.counts["were left out, and counted"] += 1
        if outcome.reading.diagnostics == Diagnostics():
            findings.wrong.append(f"{place} is not noticed")


def _judge(outcome: ProcessedPoll | PollError, known: ProcessedPoll, place: str, findings: Findings) -> None:
    if isinstance(outcome, PollError):
        findings.counts[_FAILED] += 1
        return
    invented = [
        family.name
        for family, values in outcome.figures.items()
        if not set(values.values()) <= set(known.figures.get(family, {}).values())
    ]
    findings.wrong += [f"{place} makes a figure of {name} that nobody stated" for name in invented]
    if outcome.reading.diagnostics != known.reading.diagnostics:
        findings.counts["were noted as drift or counted as left out"] += 1
    elif outcome.figures == known.figures:
        findings.counts["changed nothing: the field is not read"] += 1
    else:
        findings.counts["took a series away, as the vendor says that the field is optional"] += 1
        findings.unnoticed.append(place)
