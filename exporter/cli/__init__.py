"""The command line: one or two commands per file, their options, and the exit codes."""
