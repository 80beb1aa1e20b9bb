"""Declarations: one record for each network, data set and kind of option."""
