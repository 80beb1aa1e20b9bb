"""What the course teaches, with the config key and the test of each item."""
