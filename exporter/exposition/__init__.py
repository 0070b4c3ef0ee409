"""The page of all metrics, joined of ready lines, in the format and the encoding that a client accepts."""
