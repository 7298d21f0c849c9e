"""Validation images that are read once in a training."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader

LARGEST = 2**30  # bytes


class KeptBatches:
    """A data loader that keeps its batches from the first time on, if all of them take at most :data:`LARGEST` bytes.

    Otherwise photographs are decoded, and loading processes begun, for every validation anew. What comes out is the
    same; a batch may be changed by whoever takes it, but for its images.

    Args:
        loader: gives the same batches, ``inputs`` and ``data_samples``, in the same order every time.
    """

    def __init__(self, loader: DataLoader) -> None:
        self._loader = loader
        self._batches: list[dict] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[dict]:
        if self._batches is not None:
            yield from map(_own, self._batches)
            return
        kept, size = [], 0
        for batch in self._loader:
            size += sum(image.nbytes for image in batch['inputs'])
            if size <= LARGEST:
                # Copies: what loading processes hand over lies in shared memory, an open file for each image.
                kept.append({**_own(batch), 'inputs': [image.clone() for image in batch['inputs']]})
            else:
                kept.clear()
            yield batch
        if size <= LARGEST:
            self._batches = kept


def _own(batch: dict) -> dict:
    return {**batch, 'data_samples': copy.deepcopy(batch['data_samples'])}
