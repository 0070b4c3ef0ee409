"""What things cost, each beside the usual way of doing them, in one run: only the ratios travel."""
