"""Planning: from a checked config to trials, searches and choices. Pure functions."""
