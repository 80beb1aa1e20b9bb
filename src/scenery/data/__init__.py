"""Images on disk: found, checked, split, packed, or drawn."""
