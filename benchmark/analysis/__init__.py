"""What may be said of records: rows, statistics and comparisons; nothing here draws or prints."""
