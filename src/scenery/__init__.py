"""Scenery: whole transfer-learning studies on folders of labeled images."""
