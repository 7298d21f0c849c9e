"""What ``python -m benchmark.speed`` measures.

Each part is a module of this package with a function ``measure(data_root: Path, seconds: float) -> Measurement``.
"""

from __future__ import annotations

from collections.abc import Mapping

PARTS: Mapping[str, str] = {'input': 'training samples, from images to augmented batches with the targets of all maps'}
