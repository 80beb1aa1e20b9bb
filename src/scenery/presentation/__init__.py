"""Figures, slides and tables, all made from tables on disk."""
