"""What the user chose for a measurement."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Choices of ``python -m benchmark.speed``.

    Attributes:
        data_root: folder of all prepared benchmarks.
        configs: folder of configurations.
        seconds: for how long to repeat each part.
        device: 'cpu' or 'cuda'.
    """

    data_root: Path
    configs: Path
    seconds: float
    device: str
