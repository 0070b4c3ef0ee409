"""The metrics page, joined from ready lines, in the format and encoding that a client accepts."""
