"""The status of an exporter for people: its accounts, their quotas and their failures, worst first."""
