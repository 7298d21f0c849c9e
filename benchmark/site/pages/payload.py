"""Per-image errors for the interactive error curves of a page, packed."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.digest import Digest
from benchmark.analysis.rows import Row, seed_text
from benchmark.analysis.runs import Run
from benchmark.analysis.standings import Analysis

# Errors are rounded up to a multiple of this many percent: which of them exceed a threshold that is a multiple of it
# stays exact.
QUANTUM = 0.001
_LARGEST = 2**16 - 1
MOST_ERRORS = 600_000  # 1.6 MB in the page; beyond it each row brings one seed instead of all


def error_payload(analysis: Analysis, recipes: Sequence[Sequence[Row]], links: Mapping[Row, str]) -> dict:
    """What the script of a page draws curves from.

    Args:
        analysis: the benchmark's figures.
        recipes: rows to be shown, grouped by recipe; those without a result are passed over.
        links: page of every row.

    Returns:
        ``normalizers`` (the headline one first), ``subsets``, ``quantum`` (percent), ``sets``, one for every test set:
        ``images``, ``members`` (uint16, bit s: belongs to subset s) and ``ratio`` (float32, what turns an error under
        the headline normalizer into one under the other); and ``series``, one for every row: ``label``, ``link``,
        ``set`` (index in ``sets``), ``group`` (number of its recipe), ``emphasised`` (STAR), ``seeds`` (which seeds
        follow, in words) and ``errors`` (uint16 in quanta, rounded up, seed after seed). Numbers are little-endian in
        base64.
    """
    shown = [(group, row) for group, recipe in enumerate(recipes) for row in recipe if row.done]
    whole = sum(len(run.digest.mean_distance) for _, row in shown for run in row.done) <= MOST_ERRORS
    sets, series = {}, []
    for group, row in shown:
        runs = row.done if whole else (_median_run(row, analysis.normalizers[0]),)
        digest = runs[0].digest
        number, _ = sets.setdefault(digest.test_set, (len(sets), digest))
        errors = np.concatenate([_quanta(run.digest.nme(analysis.normalizers[0])) for run in runs])
        series.append(
            {
                'label': f'{row.loss}, {row.network}',
                'link': links[row],
                'set': number,
                'group': group,
                'emphasised': row.is_star,
                'seeds': _seeds(row, runs),
                'errors': _base64(errors, '<u2'),
            }
        )
    return {
        'normalizers': list(analysis.normalizers),
        'subsets': list(analysis.section.benchmark.subsets),
        'quantum': QUANTUM,
        'sets': [_test_set(digest, analysis) for _, digest in sets.values()],
        'series': series,
    }


def _test_set(digest: Digest, analysis: Analysis) -> dict:
    subsets = analysis.section.benchmark.subsets
    members = sum(digest.member(subset).astype(np.uint16) << bit for bit, subset in enumerate(subsets))
    ratio = digest.nme(analysis.normalizers[1]) / np.maximum(digest.nme(analysis.normalizers[0]), 1e-12)
    return {
        'images': len(digest.mean_distance),
        'members': _base64(members, '<u2'),
        'ratio': _base64(ratio, '<f4'),
    }


def _quanta(nme: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.minimum(np.ceil(100 * nme / QUANTUM), _LARGEST)


def _median_run(row: Row, normalizer: str) -> Run:
    ordered = sorted(row.done, key=lambda run: run.digest.nme(normalizer).mean())
    return ordered[(len(ordered) - 1) // 2]


def _seeds(row: Row, runs: Sequence[Run]) -> str:
    if len(runs) < len(row.done):
        return f'{seed_text(runs[0].record)} of {len(row.done)} seeds, the median one'
    return seed_text(runs[0].record) if len(runs) == 1 else f'{len(runs)} seeds pooled'


def _base64(values: NDArray, kind: str) -> str:
    return base64.b64encode(np.asarray(values).astype(kind).tobytes()).decode()
