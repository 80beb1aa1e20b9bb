"""Scenery: whole transfer-learning studies on folders of labelled images."""
