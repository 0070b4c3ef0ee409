"""An exporter's status as people read it: the accounts, with their quotas and failures, worst first."""
