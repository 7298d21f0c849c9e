"""Heads whose landmarks are the expectations of their heatmaps."""
