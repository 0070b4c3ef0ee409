"""The metrics page, joined from rendered lines, in the format and encoding that a client accepts."""
