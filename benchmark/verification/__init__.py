"""Checks of a record that need more than its files: the data at hand, or a training."""
