"""Finding the checkpoint to go on from, after any kind of end, and removing those that are no longer needed."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from mmengine.logging import HistoryBuffer, print_log
from torch.serialization import add_safe_globals


def _statistic(owner: type, name: str):
    """What ``getattr`` does in a checkpoint of MMEngine, and nothing else: name a method of its loss history."""
    if owner is not HistoryBuffer or name.startswith('_'):
        raise ValueError(f'attribute {name} of {owner}')
    return getattr(owner, name)


# MMEngine tells PyTorch's safe unpickler some of what its checkpoints hold. Without these, which the data's meta
# information holds, it would fall back on the unsafe one.
add_safe_globals([type(np.dtype(kind)) for kind in ('uint8', 'float32')])
# The rest, for reading such a checkpoint without MMEngine. None of the above: PyTorch forgets these afterwards.
CHECKPOINT_TYPES = [
    HistoryBuffer,
    (_statistic, 'builtins.getattr'),
    np.ndarray,
    np.dtype,
    *(
        (value.__reduce__()[0], f'numpy.{core}.multiarray.{name}')
        for core in ('core', '_core')
        for name, value in (('_reconstruct', np.zeros(0)), ('scalar', np.float64(0)))
    ),
    *(type(np.dtype(kind)) for kind in ('uint32', 'int64', 'float64')),
]


def latest_checkpoint(work: Path) -> Path | None:
    """Newest complete checkpoint of an experiment.

    A file that is cut short, as after a loss of power, is named in the log and passed over in favour of the one before
    it, which is kept for this purpose.

    Args:
        work: folder of the experiment.

    Returns:
        Path of the checkpoint, or None if there is no complete one.
    """
    return next(_complete(work), None)


def prune_checkpoints(work: Path, keep: int) -> None:
    """Remove all checkpoints of an experiment but the newest complete ones.

    Args:
        work: folder of the experiment.
        keep: how many stay, positive.

    Raises:
        OSError: one cannot be removed.
    """
    kept = set(islice(_complete(work), keep))
    for path in _by_epoch(work):
        if kept and path not in kept:
            path.unlink()


def _complete(work: Path) -> Iterator[Path]:
    for path in _by_epoch(work):
        if zipfile.is_zipfile(path):
            yield path
        else:
            print_log(f'{path}: incomplete checkpoint, passed over', logger='current')


def _by_epoch(work: Path) -> list[Path]:
    """Files with the names of checkpoints, the newest first."""
    epochs = {
        int(match[1]): path for path in work.glob('epoch_*.pth') if (match := re.fullmatch(r'epoch_(\d+)', path.stem))
    }
    return [path for _, path in sorted(epochs.items(), reverse=True)]
