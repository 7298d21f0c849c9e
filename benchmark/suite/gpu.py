"""What a GPU does otherwise than a CPU: the same numbers up to rounding, the same bits every time, and no waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.config import Config
from mmengine.dist import is_distributed
from mmpose.registry import DATASETS
from torch import nn

from benchmark.models.batches.face_dataset import FaceCropDataset
from benchmark.models.networks.separable_upsampling import make_upsampling_deterministic
from benchmark.suite.substitutes import kind

# Of the memory that is free when the training begins: what crops may take of it, so that the network has the rest.
CROPS_SHARE = 0.1


def repeat_bits() -> None:
    """Let this process compute the same bits every time, as far as PyTorch can."""
    torch.backends.cudnn.deterministic = True
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Filling what is about to be overwritten, thousands of times a step, finds faults and changes no number.
    torch.utils.deterministic.fill_uninitialized_memory = False


@contextmanager
def whole_float32() -> Iterator[None]:
    """Have products and convolutions of float32 take all of its digits, where training may round them to TF32."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def fuse_optimizer(config: Config) -> None:
    """Let an optimizer take each step in one operation, unless its configuration says how; it is changed."""
    optimizer = config.optim_wrapper.get('optimizer') or {}  # there may be several, in wrappers of their own
    if kind(optimizer) in ('Adam', 'AdamW', 'SGD') and not {'fused', 'foreach'} & optimizer.keys():
        optimizer.fused = True


def arrange(model: nn.Module) -> None:
    """Lay weights out as the images are, and let upsampling be deterministic without a dozen operations each."""
    if getattr(model.data_preprocessor, 'channels_last', False):
        model.to(memory_format=torch.channels_last)
    make_upsampling_deterministic(model)


def free_bytes() -> int:
    """Memory that is free on the GPU."""
    return torch.cuda.mem_get_info()[0]


def keep_crops_there(loader: dict, free_bytes: int) -> dict:
    """Have crops picked on the device by number, if they fit there.

    Args:
        loader: configuration of the loader of training images.
        free_bytes: memory that is free on the device.

    Returns:
        The configuration, with its dataset built where that is one of crops.
    """
    if kind(loader['dataset']) != FaceCropDataset.__name__ or is_distributed():
        return loader
    dataset = DATASETS.build(loader['dataset'])
    if dataset.nbytes > CROPS_SHARE * free_bytes:
        return {**loader, 'dataset': dataset}
    dataset.by_number = True
    idle = {'num_workers': 0, 'persistent_workers': False, 'prefetch_factor': None, 'pin_memory': True}
    return {**loader, 'dataset': dataset, **idle}
