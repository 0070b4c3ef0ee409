"""The command line: one file per command or two, their options, and the exit codes."""
