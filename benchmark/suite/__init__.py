"""Running: what to run, running it, and under which conditions; no results are shown here."""
