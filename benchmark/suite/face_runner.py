"""MMEngine's runner, for networks that are compiled or trained by several processes on any device."""

from __future__ import annotations

import copy
import os
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel
from mmengine.runner import Runner
from mmpose.registry import RUNNERS
from torch import nn

from benchmark.errors import BenchmarkError
from benchmark.models.networks.synchronized_batch_norm import synchronize_batch_norm


@RUNNERS.register_module()
class FaceRunner(Runner):
    """Compiles the network where ``compile_network`` of the configuration says so, and shares it between processes.

    ``compile_network`` is true, or a dictionary of arguments for ``torch.compile``. The network alone is compiled, not
    the augmentation nor the losses: MMEngine's own ``compile`` would trace through the whole training step. In several
    processes batch normalization is over the batch of all of them, on CPUs as well, where MMEngine has none.
    """

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Called by MMEngine with the network that it has built."""
        compiled = self.cfg.get('compile_network', False)
        if compiled:
            options = {} if compiled is True else dict(compiled)
            for part in ('backbone', 'neck'):
                if getattr(model, part, None) is not None:
                    getattr(model, part).compile(**options)
        if not self.distributed:
            return super().wrap_model(model_wrapper_cfg, model)
        on_gpu = torch.cuda.is_available()
        model = synchronize_batch_norm(model, 'cuda' if on_gpu else 'cpu')
        return MMDistributedDataParallel(
            module=model.cuda() if on_gpu else model,
            device_ids=[int(os.environ['LOCAL_RANK'])] if on_gpu else None,
            broadcast_buffers=False,
            # A head may use one of several feature maps.
            find_unused_parameters=True,
        )


def processes() -> int:
    """Number of processes that share this training."""
    return int(os.environ.get('WORLD_SIZE', 1))


def is_first_process() -> bool:
    """Whether this is the process that writes."""
    return int(os.environ.get('RANK', 0)) == 0


def join_processes(device: str) -> None:
    """Meet the other processes of this training, if there are any.

    MMEngine does it by itself, but wants a GPU for it.
    """
    if processes() > 1 and device == 'cpu' and not dist.is_initialized():
        dist.init_process_group('gloo')


def share_between_processes(config: Config) -> None:
    """Give each process its part of every batch, such that together they see what one process would see.

    Raises:
        BenchmarkError: the batch cannot be divided by the number of processes.
    """
    count = processes()
    if count == 1:
        return
    config.launcher = 'pytorch'
    loader = config.train_dataloader
    if loader.batch_size % count:
        where = f'{config.filename}: train_dataloader.batch_size {loader.batch_size}'
        raise BenchmarkError(f'{where} cannot be shared by {count} processes (choose another number with --processes)')
    loader.batch_size //= count
    config.test_evaluator.collect_device = 'gpu'  # by messages; 'cpu' would leave a folder where the command was given
    augmentation = config.model.get('data_preprocessor', {}).get('augmentation')
    if augmentation:
        config.model.data_preprocessor.augmentation = {
            'type': 'GatheredAugmentation',
            'augmentation': copy.deepcopy(augmentation),
        }


def runtime_config(config: Config, seed: int, data_root: Path, work: Path) -> Config:
    """A configuration with what belongs to one run on one machine."""
    config = copy.deepcopy(config)
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.dataset.data_root = str(data_root)
    config.runner_type = FaceRunner.__name__
    config.work_dir = str(work)
    config.randomness = {'seed': seed}
    share_between_processes(config)
    return config
