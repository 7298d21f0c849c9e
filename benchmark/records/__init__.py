"""The interchange format: what every number of the leaderboards comes from, as files that any program can read."""
