"""What the texts of a record should not say: another file name than its own, and paths of somebody's machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from benchmark.analysis.audit.finding import Finding
from benchmark.records.record import Record

_PATH = re.compile(
    r"""(?<![\w.:/*<-])(?:
        ~\w*/ | [A-Za-z]:\\+\w | \\\\+\w+\\+\w | file://
        | /(?:[\w.@+-]+/)+[\w.@+-]*      # /a/b
        | /(?:home|root|tmp|mnt|data|scratch|workspace)\b
    )[^\s'",)]*""",
    re.VERBOSE,
)


def file_name_findings(path: Path, record: Record) -> list[Finding]:
    """A record whose file has not the name that its name, seed, fingerprint and status give it."""
    if path.name == record.file_name:
        return []
    return [Finding('file-name', f'{path}: a record of its content is called {record.file_name} (give it its name)')]


def path_findings(path: Path, record: Record) -> list[Finding]:
    """Absolute paths in the texts of a record, the first one of each key."""
    texts = _texts(record.model_dump(exclude={'metrics', 'curve'}))
    found = ((key, path_in(text)) for key, text in texts)
    return [
        Finding('path', f'{path}: {key}: {place!r} looks like a path of a machine (look whether it may be published)')
        for key, place in found
        if place
    ]


def path_in(text: str) -> str | None:
    """The first absolute path of somebody's machine in a text."""
    match = _PATH.search(text)
    return match and match[0]


def _texts(value: object, key: str = '') -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f'{key}.{name}' if key else name)
            yield from ((key, name),) if key else ()
