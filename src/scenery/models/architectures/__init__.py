"""Builders of the custom architectures."""
