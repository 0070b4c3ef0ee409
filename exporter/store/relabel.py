"""Updates the snapshots of accounts whose name or operator-defined labels have changed."""

from __future__ import annotations

from dataclasses import replace

from exporter.quota import renamed
from exporter.store.snapshot import SliceState, Snapshot
from exporter.textformat.lines import label_pairs, with_shared_labels
from exporter.vendors import Account


def relabel(before: Account, after: Account, snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with the account's new name and labels. Figures and counters stay the same."""
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
    """Return the snapshot of a renamed account.

    The snapshot's lines still have the old name, until `relabel` replaces it.

    With several shards, only the counters are kept. The account's name decides which shard reads a customer, so this
    shard may read other customers now.
    """
    ledger = renamed(account, snapshot.ledger)
    if account.shard.total == 1:
        return replace(snapshot, ledger=ledger)
    return Snapshot(snapshot.slice_count, ledger=ledger.unclaimed())
