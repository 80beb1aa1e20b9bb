"""Figures, slides, tables and the report, all made from tables on disk."""
