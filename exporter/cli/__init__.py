"""The command line: its commands, their options, and the exit codes."""
