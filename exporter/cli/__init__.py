"""The command line: a file for a command or two, their options, and the exit codes."""
