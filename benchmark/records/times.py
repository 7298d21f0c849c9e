"""Times as records have them."""

from __future__ import annotations

from datetime import datetime, timezone


def as_time(text: str) -> datetime | None:
    """An ISO 8601 time, UTC where it does not say; None where it is none."""
    try:
        time = datetime.fromisoformat(text.replace('Z', '+00:00'))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
