"""Losses on landmarks and heatmaps, and the moments of heatmaps that they are computed from."""
