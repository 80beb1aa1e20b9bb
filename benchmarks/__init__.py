"""Benchmarks of Scenery and the usual way on photographs: `python -m benchmarks`."""
