"""What is shown of an account under another name or with other labels of the operator's."""

from __future__ import annotations

from dataclasses import replace

from exporter.quota import renamed
from exporter.store.snapshot import SliceState, Snapshot
from exporter.textformat.lines import label_pairs, with_shared_labels
from exporter.vendors import Account


def relabel(before: Account, after: Account, snapshot: Snapshot) -> Snapshot:
    """Return the snapshot of an account whose name or labels are others now; figures and counters are the same."""
    old, new = label_pairs(before.shared_labels), label_pairs(after.shared_labels)
    if old == new:
        return snapshot

    def relabelled(state: SliceState) -> SliceState:
        return replace(state, rendered=with_shared_labels(state.rendered, old, new))

    return replace(
        snapshot,
        slices={number: relabelled(state) for number, state in snapshot.slices.items()},
        previous_slices=tuple(map(relabelled, snapshot.previous_slices)),
        account_state=relabelled(snapshot.account_state) if snapshot.account_state else None,
    )


def rename(account: Account, snapshot: Snapshot) -> Snapshot:
    """Return the snapshot of a renamed account, with the lines that it had.

    Shards divide customers by the account's name: then only counters stay, for the customers may be others.
    """
    ledger = renamed(account, snapshot.ledger)
    if account.shard.total == 1:
        return replace(snapshot, ledger=ledger)
    return Snapshot(snapshot.slice_count, ledger=ledger.unclaimed())
