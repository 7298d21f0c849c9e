"""The hashes of a record: the seal, which tells an edited record from one that was written, and its fingerprint.

A seal tells that a file was edited, not by whom: whoever edits a record can seal it again. What is sealed are the keys
that the file has, not those of the schema, so that keys that later versions add change no seal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

KEY = 'seal'


def seal_of(content: Mapping[str, object]) -> str:
    """SHA-256, hexadecimal, of a record without its seal: as JSON with sorted keys, no blanks and no escapes.

    Args:
        content: the record as parsed JSON.
    """
    unsealed = {key: value for key, value in content.items() if key != KEY}
    text = json.dumps(unsealed, sort_keys=True, separators=(',', ':'), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()


def fingerprint_of(experiment: str, seed: int | None) -> str:
    """Fingerprint of one seed of an experiment, SHA-256, hexadecimal.

    Args:
        experiment: as in the record.
        seed: the seed; None where given weights are tested as they are.
    """
    return hashlib.sha256(json.dumps([experiment, seed]).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()
