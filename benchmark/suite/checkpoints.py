"""Finding the checkpoint to go on from, after any kind of end."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from torch.serialization import add_safe_globals

# MMEngine stores the data's meta information in a checkpoint. With these types known, PyTorch's safe unpickler reads
# it, and MMEngine does not fall back on the unsafe one.
add_safe_globals([type(np.dtype(kind)) for kind in ('uint8', 'float32')])


def latest_checkpoint(work: Path) -> Path | None:
    """Newest complete checkpoint of an experiment.

    A process killed while writing leaves an incomplete file; it is named in the log and passed over in favour of the
    one before it, which the configuration keeps for this purpose (``max_keep_ckpts=2``).

    Args:
        work: folder of the experiment.

    Returns:
        Path of the checkpoint, or None if there is no complete one.
    """
    epochs = {
        int(match[1]): path for path in work.glob('epoch_*.pth') if (match := re.fullmatch(r'epoch_(\d+)', path.stem))
    }
    for _, path in sorted(epochs.items(), reverse=True):
        if zipfile.is_zipfile(path):
            return path
        print_log(f'{path}: incomplete checkpoint, passed over', logger='current')
    return None
