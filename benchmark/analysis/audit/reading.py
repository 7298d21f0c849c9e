"""From a predictions file to its digest, with all that it contradicts by itself."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.audit.predictions import mean_fault, normalizer_fault, repeated_fault
from benchmark.analysis.audit.signature import landmark_hashes, make_signature
from benchmark.analysis.audit.test_set import published_faults
from benchmark.analysis.digest import Digest, make_digest
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import Benchmark
from benchmark.records.faults import content_fault
from benchmark.records.predictions import Predictions, read_predictions
from benchmark.records.seal import file_sha256


def read_digest(path: Path, benchmark: Benchmark) -> Digest:
    """Read predictions and reduce them.

    Args:
        path: their file.
        benchmark: what they are said to be of.

    Raises:
        BenchmarkError: the file cannot be read, or would give wrong numbers.
    """
    predictions = read_predictions(path)
    fault = content_fault(vars(predictions), benchmark)
    if fault:
        raise BenchmarkError(f'{path}: {fault} (write it anew as docs/submitting.md says, or run the experiment again)')
    arrays = _arrays(path)
    signature, rows = make_signature(predictions), landmark_hashes(predictions)
    return replace(
        make_digest(predictions, benchmark, hashlib.sha256(repr(arrays).encode()).hexdigest()),
        file_sha256=file_sha256(path),
        faults=_faults(predictions, benchmark, rows, compact='format.npy' in {name for name, *_ in arrays}),
        signature_keys=signature.keys,
        signature=signature.values,
        rows=rows,
    )


def _arrays(path: Path) -> list[tuple[str, int, int]]:
    """Names, sizes and checksums of the arrays in a predictions file; reading it has verified them."""
    with zipfile.ZipFile(path) as file:
        return [(entry.filename, entry.file_size, entry.CRC) for entry in file.infolist()]


def _faults(predictions: Predictions, benchmark: Benchmark, rows: NDArray[np.uint64], compact: bool) -> dict[str, str]:
    """By code what the predictions contradict."""
    found = {
        'means': mean_fault(predictions) if compact else None,
        'normalizers': normalizer_fault(predictions, benchmark),
        'repeated': repeated_fault(predictions, rows),
        'test-set': next(iter(published_faults(predictions, benchmark)), None),
    }
    return {code: fault for code, fault in found.items() if fault}
