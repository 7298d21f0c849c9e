"""Where the page of each row lies."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from benchmark.site.rows import Row, Section

FOLDER = 'experiments'


def page_links(sections: Iterable[Section]) -> dict[Row, str]:
    """Path of every row's page, relative to the reports folder.

    The current configuration of a name has the page of that name; pages of other rows with the same name end in a hash
    of what tells them apart.
    """
    links, taken = {}, set()
    rows = [row for section in sections for row in section.rows]
    for row in sorted(rows, key=lambda row: (row.outdated, row.record.weights is not None, _identity(row))):
        name = re.sub(r'[^A-Za-z0-9._-]+', '-', row.record.name).strip('.-') or 'row'
        if name.casefold() in taken:
            name = f'{name}-{_identity(row)[:8]}'
        taken.add(name.casefold())
        links[row] = f'{FOLDER}/{name}.html'
    return {row: links[row] for row in rows}


def _identity(row: Row) -> str:
    record = row.record
    weights = record.weights and record.weights.sha256
    parts = (record.benchmark, record.name, record.recipe, record.config, weights)
    return hashlib.sha256(repr(parts).encode()).hexdigest()
