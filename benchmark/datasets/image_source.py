"""Test images of prepared benchmarks, for whoever wants to show them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from benchmark.datasets.prepared import find_prepared, open_prepared


class ImageSource:
    """Test images of all benchmarks that are prepared in a folder.

    Args:
        data_root: folder of all prepared benchmarks.
    """

    def __init__(self, data_root: Path) -> None:
        self.data_root = data_root

    def fingerprint(self, benchmark: str) -> str | None:
        """Fingerprint of the prepared data of a benchmark; None where nothing is prepared.

        Raises:
            BenchmarkError: the manifest is damaged.
        """
        manifest = _find(self.data_root, benchmark)
        return manifest and manifest.fingerprint

    def path(self, benchmark: str, index: int) -> Path:
        """File of a test image.

        Args:
            benchmark: name of a prepared benchmark.
            index: its number, in the order of predictions.

        Raises:
            BenchmarkError: the prepared data is damaged.
        """
        prepared = _open(self.data_root, benchmark)
        return prepared.image_path(prepared.test[index])


_find, _open = lru_cache(find_prepared), lru_cache(open_prepared)
