"""Performance on real photographs, side by side with the usual way: `python -m benchmarks`."""
