"""Scores, intervals and the tables that trials leave behind. No TensorFlow."""
