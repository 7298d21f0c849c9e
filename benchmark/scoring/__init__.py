"""Scoring predictions that somebody made with any code: against prepared data, with what may be wrong with them."""
