"""Checkpoints of the official STAR code."""
