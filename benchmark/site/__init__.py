"""Records shown: tables, figures, pages and exported files; what they say is computed in :mod:`benchmark.analysis`."""
