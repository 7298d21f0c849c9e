"""Whether a drawn benchmark has to be drawn, for the first time or again."""

from __future__ import annotations

import json
from pathlib import Path

from benchmark.datasets.manifest import OutdatedDataError, read_manifest
from benchmark.errors import BenchmarkError

FIRST_SETTINGS = 'generator.json'  # where the first generator kept its seed


def settings_to_draw(data_root: Path, benchmark: str) -> dict[str, int] | None:
    """What to ask :func:`~benchmark.datasets.synthetic.prepare_synthetic` for, where a benchmark has to be drawn.

    Returns:
        None where it is drawn already. Otherwise keyword arguments: none where nothing is prepared; the sizes and the
        seed that somebody has chosen where an older version has drawn it.

    Raises:
        BenchmarkError: the manifest is damaged, or a newer version's; or the seed of an older drawing is unknown.
    """
    folder = data_root / benchmark
    if not (folder / 'manifest.json').exists():
        return {}
    try:
        read_manifest(data_root, benchmark)
    except OutdatedDataError:
        return _earlier_settings(folder)
    return None


def _earlier_settings(folder: Path) -> dict[str, int]:
    try:
        manifest = json.loads((folder / 'manifest.json').read_bytes())
        drawing = manifest.get('drawing') or json.loads((folder / FIRST_SETTINGS).read_bytes())
        return {
            'train_images': int(manifest['train_images']),
            'test_images': int(manifest['test_images']),
            'seed': int(drawing['seed']),
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BenchmarkError(
            f'{folder}: drawn by an older version, it is not known with which sizes and seed '
            '(run: python -m benchmark.prepare synthetic)'
        ) from error
