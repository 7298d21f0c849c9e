"""Whether a record and its predictions are as they were written, as their hashes tell."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

from benchmark.analysis.audit.finding import Finding
from benchmark.records.record import SEALED_SINCE, Record
from benchmark.records.seal import fingerprint_of, seal_of

_ANEW = 'restore the file, or write the record anew from what made it'


def seal_findings(path: Path, content: bytes, record: Record) -> list[Finding]:
    """A seal that is not that of the file, or that is missing; of older records, that there is none.

    Args:
        path: the record.
        content: the bytes of its file.
        record: what was read of it.
    """
    strange: list[str] = []
    keys = json.loads(content, parse_float=lambda text: _number(text, strange), object_pairs_hook=_Keys)
    if record.schema_version < SEALED_SINCE:
        if record.seal is not None or record.predictions_sha256 is not None:
            version = f'schema_version is {record.schema_version}'
            return [Finding('seal', f'{path}: seal: {version}, which has none, but there is one ({_ANEW})')]
        said = f'schema_version {record.schema_version} has no seal, so nothing tells whether it was edited'
        return [Finding('unsealed', f'{path}: seal: {said}')]
    if record.seal is None:
        return [Finding('seal', f'{path}: seal: missing ({_ANEW})')]
    if keys.repeated:
        return [Finding('seal', f'{path}: seal: {keys.repeated!r} is there twice ({_ANEW})')]
    if strange:
        return [Finding('seal', f'{path}: seal: {strange[0]} was not written so, a digit was changed ({_ANEW})')]
    if seal_of(keys) != record.seal:
        return [Finding('seal', f'{path}: seal: the record was changed after it was written ({_ANEW})')]
    return []


def fingerprint_findings(path: Path, record: Record) -> list[Finding]:
    """A fingerprint that is not that of experiment and seed; others make theirs as they like."""
    if record.method or record.experiment is None:
        return []
    if record.fingerprint == fingerprint_of(record.experiment, record.seed):
        return []
    text = f'fingerprint is not that of the experiment and seed {record.seed}'
    return [Finding('fingerprint', f'{path}: {text} ({_ANEW})')]


def hash_findings(path: Path, record: Record, sha256: str) -> list[Finding]:
    """Predictions that are not those that the record was written with.

    Args:
        path: the record.
        record: what was read of it; done, and of a version that has hashes.
        sha256: SHA-256 of the predictions file, hexadecimal.
    """
    if record.predictions_sha256 == sha256:
        return []
    predictions = path.with_name(record.predictions)
    said = record.predictions_sha256 or 'null'
    text = f'{predictions}: its SHA-256 is {sha256[:12]}, {path.name} says {said[:12]} in predictions_sha256'
    return [Finding('hash', f'{text} (restore the file, or run the experiment again)')]


class _Keys(dict):
    """A JSON object that remembers a key that it has twice; readers take the last one, and say nothing."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        inner = next((value.repeated for _, value in pairs if isinstance(value, _Keys) and value.repeated), None)
        names = Counter(name for name, _ in pairs)
        twice = next((name for name, times in names.items() if times > 1), None)
        self.repeated: str | None = twice or inner


def _number(text: str, strange: list[str]) -> float:
    """A number; what has more digits than the number that they stand for was not written by a program."""
    value = float(text)
    if Decimal(text) != Decimal(repr(value)):
        strange.append(text)
    return value
