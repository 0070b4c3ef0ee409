"""The state of each account: snapshots in memory, and files that outlive the process."""
