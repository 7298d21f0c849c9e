"""Landmarks on pictures of one's own: boxes, networks, and what is drawn and written."""
