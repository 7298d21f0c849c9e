"""Hostile files: whatever is done to a file, it is refused in one line, or what it says is true."""
