"""Times as records have them."""

from __future__ import annotations

from datetime import datetime, timezone


def as_time(text: str) -> datetime:
    """An ISO 8601 time, UTC where it does not say.

    Raises:
        ValueError: it is none.
    """
    try:
        time = datetime.fromisoformat(text.replace('Z', '+00:00'))
    except ValueError as error:
        raise ValueError(f'{text[:40]!r} is no ISO 8601 time') from error
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
